import { columnMeanKernel } from '../../kernels/column_mean.ts';
import { cosineRowsKernel } from '../../kernels/cosine_rows.ts';
import { embedKernel } from '../../kernels/embed.ts';
import { headDotsKernel } from '../../kernels/head_dots.ts';
import { reconstructionErrorKernel } from '../../kernels/reconstruction_error.ts';
import { ropeKernel } from '../../kernels/rope.ts';
import { rowNormsKernel } from '../../kernels/row_norms.ts';
import { ROW_SCALES, rowScaleKernel } from '../../kernels/row_scale.ts';
import { cpuKernel } from '../kernel.ts';
import { weightReader } from '../view.ts';

export const embed = cpuKernel(embedKernel, ({ dims, tensors }) => {
  const d = 4 * dims.d4;
  const ids = tensors.ids.u32;
  const tokens = weightReader(tensors.tokens, d);
  const positions = weightReader(tensors.positions, d);
  const y = tensors.y.f32;
  for (let t = 0; t < dims.n_tok; t++) {
    const own = y.subarray(t * d, (t + 1) * d);
    if (dims.use_tokens === 1) {
      const row = Math.min(ids[t]!, dims.vocabulary - 1) - dims.first;
      // A row of another part of the matrix, which a dispatch of its own reads.
      if (row < 0 || row >= dims.n_tokens) continue;
      const token = tokens(row * d, d);
      for (let c = 0; c < d; c++) own[c] = dims.scale * token[c]!;
    } else own.fill(0);
    if (dims.use_positions === 1) {
      const position = positions(Math.min(t + dims.offset, dims.n_positions - 1) * d, d);
      for (let c = 0; c < d; c++) own[c]! += position[c]!;
    }
  }
});

export const columnMean = cpuKernel(columnMeanKernel, ({ dims, tensors }) => {
  const d = 4 * dims.d4;
  const x = tensors.x.f32;
  const sums = new Float64Array(d);
  for (let t = dims.from_row; t < dims.to_row; t++) for (let c = 0; c < d; c++) sums[c]! += x[t * d + c]!;
  const n = dims.to_row - dims.from_row;
  tensors.mean.f32.set(sums.map((sum) => sum / n));
});

export const rowNorms = cpuKernel(rowNormsKernel, ({ dims, tensors }) => {
  const d = 4 * dims.d4;
  const weights = weightReader(tensors.weights, d);
  const norms = tensors.norms.f32;
  for (let row = 0; row < dims.n_rows; row++) {
    const w = weights(row * d, d);
    let sum = 0;
    for (let c = 0; c < d; c++) sum += w[c]! * w[c]!;
    norms[row] = Math.sqrt(sum);
  }
});

export const cosineRows = cpuKernel(cosineRowsKernel, ({ dims, tensors }) => {
  const d = 4 * dims.d4;
  const rows = weightReader(tensors.rows, d);
  const [norms, query, cosines] = [tensors.norms.f32, tensors.query.f32, tensors.cosines.f32];
  let square = 0;
  for (let c = 0; c < d; c++) square += query[c]! * query[c]!;
  const length = Math.sqrt(square);
  for (let row = 0; row < dims.n_rows; row++) {
    const w = rows(row * d, d);
    let product = 0;
    for (let c = 0; c < d; c++) product += w[c]! * query[c]!;
    const scale = norms[row]! * length;
    cosines[row] = scale > 0 ? Math.min(1, Math.max(-1, product / scale)) : 0;
  }
});

export const rowScale = cpuKernel(rowScaleKernel, ({ dims, tensors }) => {
  const n = 4 * dims.d4;
  const [x, scales] = [tensors.x.f32, tensors.scales.f32];
  for (let t = 0; t < dims.n_rows; t++) {
    const row = x.subarray(t * n, (t + 1) * n);
    let shift = 0;
    if (dims.centre === 1 || dims.kind === ROW_SCALES.layer_norm) {
      for (let c = 0; c < n; c++) shift += row[c]!;
      shift /= n;
    }
    let square = 0;
    for (let c = 0; c < n; c++) square += (row[c]! - shift) ** 2;
    let [into, out] = [1, 1];
    if (dims.kind === ROW_SCALES.layer_norm) {
      out = Math.sqrt(square / (n - 1));
      into = 1 / (out + 1e-5);
    }
    if (dims.kind === ROW_SCALES.constant_norm_rescale) {
      out = Math.sqrt(square / n);
      into = out > 0 ? 1 / out : 0;
    }
    scales.set([shift, into, out, 0], 4 * t);
  }
});

export const reconstructionError = cpuKernel(reconstructionErrorKernel, ({ dims, tensors }) => {
  const d = 4 * dims.d4;
  const [x, xHat, mean, sums] = [tensors.x.f32, tensors.x_hat.f32, tensors.mean.f32, tensors.sums.f32];
  for (let t = 0; t < dims.n_rows; t++) {
    let [error, centred, own, other] = [0, 0, 0, 0];
    for (let c = 0; c < d; c++) {
      const [a, b] = [x[t * d + c]!, xHat[t * d + c]!];
      error += (a - b) ** 2;
      centred += (a - mean[c]!) ** 2;
      own += a * a;
      other += b * b;
    }
    sums.set([error, centred, own, other], 4 * t);
  }
});

export const headDots = cpuKernel(headDotsKernel, ({ dims, tensors }) => {
  const [a, b, dots] = [tensors.a.f32, tensors.b.f32, tensors.dots.f32];
  const dHead = 4 * dims.d4;
  const shared = dims.n_heads / dims.group;
  for (let t = 0; t < dims.n_rows; t++)
    for (let head = 0; head < dims.n_heads; head++) {
      const aStart = (t * shared + Math.floor(head / dims.group)) * dHead;
      const bStart = (t * dims.n_heads + head) * dHead;
      let sum = 0;
      for (let i = 0; i < dHead; i++) sum += a[aStart + i]! * b[bStart + i]!;
      dots[head * dims.n_rows + t] = sum;
    }
});

export const rope = cpuKernel(ropeKernel, ({ dims, tensors, wasm }) => {
  const { half } = dims;
  if (half % 4 === 0) {
    const { n_tok: nTok, heads, d_head: dHead, stride, start } = dims;
    wasm.rotate(tensors.x.ptr, tensors.table.ptr, nTok, heads, dHead, half, stride, start);
    return;
  }
  const [table, x] = [tensors.table.f32, tensors.x.f32];
  for (let t = 0; t < dims.n_tok; t++)
    for (let head = 0; head < dims.heads; head++) {
      const start = t * dims.stride + dims.start + head * dims.d_head;
      for (let i = 0; i < half; i++) {
        const [cos, sin] = [table[2 * (t * half + i)]!, table[2 * (t * half + i) + 1]!];
        const [a, b] = [x[start + i]!, x[start + i + half]!];
        x[start + i] = a * cos - b * sin;
        x[start + i + half] = b * cos + a * sin;
      }
    }
});
