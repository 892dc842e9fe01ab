import { gpuCases } from '../../testing/cases.ts';
import { expectClose } from '../../testing/close.ts';
import { TestRandom } from '../../testing/random.ts';
import type { Gpu } from '../gpu.ts';
import { gatedActivationReference } from '../reference/gated_activation.ts';
import type { KernelActivation } from './activation-names.ts';
import { gatedActivation } from './gated_activation.ts';

async function check(
  gpu: Gpu,
  rows: number,
  width: number,
  activation: KernelActivation,
  deviation = 1,
): Promise<void> {
  const both = new TestRandom(rows * 7 + width).normal(rows * 2 * width, deviation);
  const half = (start: number): Float32Array =>
    Float32Array.from(
      { length: rows * width },
      (_, i) => both[Math.floor(i / width) * 2 * width + start + (i % width)]!,
    );
  using fused = gpu.upload(both, [rows, 2 * width]);
  using apart = gpu.upload(half(width) as Float32Array<ArrayBuffer>, [rows, width]);
  const batch = gpu.batch('gated');
  const gate = { tensor: fused, rowStride: 2 * width, offset: 0 };
  const up = { tensor: fused, rowStride: 2 * width, offset: width };
  const ups = { tensor: apart, rowStride: width, offset: 0 };
  const { arrays } = await batch.submit([
    gatedActivation(batch, { gate, up, width, activation }),
    gatedActivation(batch, { gate, up: ups, width, activation }),
  ]);
  const expected = gatedActivationReference(half(0), half(width), activation);
  const tolerance = { absolute: 2e-6 * deviation, relative: 1e-6 };
  expectClose(arrays[0]!, expected, tolerance, `fused ${rows}×${width} ${activation}`);
  expectClose(arrays[1]!, expected, tolerance, `apart ${rows}×${width} ${activation}`);
}

export const cases = gpuCases('gated_activation', {
  'many shapes and activations': async (gpu) => {
    await check(gpu, 1, 4, 'silu');
    await check(gpu, 5, 172, 'silu');
    await check(gpu, 17, 260, 'gelu_new');
    await check(gpu, 3, 44, 'gelu');
    await check(gpu, 3, 44, 'relu');
  },
  'large values': (gpu) => check(gpu, 4, 64, 'silu', 100),
  'more rows than one dispatch axis holds': (gpu) => check(gpu, 66_000, 4, 'relu'),
});
