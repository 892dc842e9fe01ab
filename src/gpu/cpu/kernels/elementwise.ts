import { addKernel } from '../../kernels/add.ts';
import { editRowsKernel, STAYS } from '../../kernels/edit_rows.ts';
import { gatedActivationKernel } from '../../kernels/gated_activation.ts';
import { replaceColumnsKernel } from '../../kernels/replace_columns.ts';
import { rescaleRowsKernel } from '../../kernels/rescale_rows.ts';
import { scaleColumnsKernel } from '../../kernels/scale_columns.ts';
import { sliceColumnsKernel } from '../../kernels/slice_columns.ts';
import { subtractRowKernel } from '../../kernels/subtract_row.ts';
import { cpuKernel } from '../kernel.ts';

export const add = cpuKernel(addKernel, ({ tensors, wasm }) => {
  const { a, b, y } = tensors;
  wasm.addValues(a.ptr, b.ptr, y.ptr, y.byteLength / 4);
});

export const gatedActivation = cpuKernel(gatedActivationKernel, ({ dims, tensors, wasm }) => {
  const gate = tensors.gate.ptr + 16 * dims.gate_start4;
  const up = tensors.up.ptr + 16 * dims.up_start4;
  const [gateStride, upStride] = [4 * dims.gate_stride4, 4 * dims.up_stride4];
  wasm.activateRows(gate, gateStride, up, upStride, tensors.y.ptr, dims.n_rows, 4 * dims.d4, dims.kind);
});

export const subtractRow = cpuKernel(subtractRowKernel, ({ dims, tensors }) => {
  const [x, row, y] = [tensors.x.f32, tensors.row.f32, tensors.y.f32];
  const d = 4 * dims.d4;
  for (let start = 0; start < 4 * dims.n; start += d)
    for (let c = 0; c < d; c++) y[start + c] = x[start + c]! - row[c]!;
});

export const replaceColumns = cpuKernel(replaceColumnsKernel, ({ dims, tensors }) => {
  const [x, row, keep, y] = [tensors.x.f32, tensors.row.f32, tensors.keep.f32, tensors.y.f32];
  const d = 4 * dims.d4;
  for (let t = 0; t < dims.n_rows; t++)
    for (let c = 0; c < d; c++) y[t * d + c] = t < dims.from_row || keep[c] !== 0 ? x[t * d + c]! : row[c]!;
});

export const scaleColumns = cpuKernel(scaleColumnsKernel, ({ dims, tensors }) => {
  const [x, gain, y] = [tensors.x.f32, tensors.gain.f32, tensors.y.f32];
  const d = 4 * dims.d4;
  for (let start = 0; start < dims.n_rows * d; start += d) {
    let mean = 0;
    if (dims.centre === 1) {
      for (let c = 0; c < d; c++) mean += x[start + c]!;
      mean /= d;
    }
    for (let c = 0; c < d; c++) y[start + c] = (x[start + c]! - mean) * gain[c]!;
  }
});

export const sliceColumns = cpuKernel(sliceColumnsKernel, ({ dims, tensors }) => {
  const [x, y] = [tensors.x.f32, tensors.y.f32];
  const [width, yWidth] = [4 * dims.width4, 4 * dims.y_width4];
  const from = 4 * dims.from4;
  // As many rows as x has: the dispatch has one workgroup for each.
  for (let t = 0; t < x.length / width; t++)
    y.set(
      x.subarray(t * width + from, t * width + from + 4 * dims.count4),
      (t + dims.row) * yWidth + 4 * dims.to4,
    );
});

export const rescaleRows = cpuKernel(rescaleRowsKernel, ({ dims, tensors }) => {
  const [x, scales, row, y] = [tensors.x.f32, tensors.scales.f32, tensors.row.f32, tensors.y.f32];
  const d = 4 * dims.d4;
  for (let t = 0; t < dims.n_rows; t++) {
    const [shift, into, out] = [scales[4 * t]!, scales[4 * t + 1]!, scales[4 * t + 2]!];
    for (let c = 0; c < d; c++) {
      const value = x[t * d + c]!;
      y[t * d + c] =
        dims.back === 1 ? value * out + shift : (value - shift) * into - (dims.has_row === 1 ? row[c]! : 0);
    }
  }
});

export const editRows = cpuKernel(editRowsKernel, ({ dims, tensors }) => {
  const [x, source, values, scales] = [
    tensors.x.f32,
    tensors.source.f32,
    tensors.values.f32,
    tensors.scales.f32,
  ];
  const [rows, y] = [tensors.rows.u32, tensors.y.f32];
  const [d, from, count] = [4 * dims.d4, 4 * dims.from4, 4 * dims.count4];
  y.set(x.subarray(0, dims.n_rows * d));
  for (let t = 0; t < dims.n_rows; t++) {
    if (rows[t] === STAYS) continue;
    let weight = dims.constant;
    if (dims.has_values === 1) weight += dims.by_value * values[t]!;
    if (dims.has_scales === 1) weight *= scales[4 * t + 2]!;
    const taken = Math.min(rows[t]!, Math.max(dims.n_source, 1) - 1) * count;
    for (let c = 0; c < count; c++) {
      const at = t * d + from + c;
      // What is replaced must not come through as 0 times something that is not finite.
      let result = dims.factor === 0 ? 0 : dims.factor * x[at]!;
      if (dims.n_source > 0) result += weight * source[taken + c]!;
      y[at] = result;
    }
  }
});
