import type { Gpu } from '../../gpu/gpu.ts';
import { gpuCases } from '../../testing/cases.ts';
import { expectClose, expectEqual } from '../../testing/close.ts';
import { TestRandom } from '../../testing/random.ts';
import { nearestRows, NONE } from './nearest-rows.ts';

/** Decoder rows in plain arrays, and on the GPU in parts of so many rows. */
interface Rows {
  rows: Float32Array<ArrayBuffer>;
  count: number;
  width: number;
  part?: number;
}

const normOf = (row: Float32Array): number => Math.hypot(...row);
const rowOf = ({ rows, width }: Rows, i: number): Float32Array => rows.subarray(i * width, (i + 1) * width);

function upload(gpu: Gpu, decoder: Rows) {
  const { rows, count, width, part = count } = decoder;
  const wDec = [];
  for (let first = 0; first < count; first += part) {
    const n = Math.min(part, count - first);
    wDec.push(gpu.upload(rows.slice(first * width, (first + n) * width), [n, width]));
  }
  const norms = Float32Array.from({ length: count }, (_, i) => normOf(rowOf(decoder, i)));
  const decoderNorms = gpu.upload(norms, [count]);
  return { wDec, decoderNorms, dSae: count, dOut: width };
}

async function match(gpu: Gpu, from: Rows, to: Rows) {
  const steps: [number, number][] = [];
  const [left, right] = [upload(gpu, from), upload(gpu, to)];
  const found = await nearestRows(
    gpu,
    left,
    right,
    (work) => work(),
    (done, total) => steps.push([done, total]),
  );
  for (const tensor of [left, right].flatMap(({ wDec, decoderNorms }) => [...wDec, decoderNorms]))
    tensor.dispose();
  expectEqual(steps.at(-1)!, [from.count * to.count, from.count * to.count], 'progress');
  return found;
}

/** Every cosine in f64. */
function plain(from: Rows, to: Rows): { nearest: number[]; cosine: number[] } {
  const nearest: number[] = [];
  const cosine: number[] = [];
  for (let i = 0; i < from.count; i++) {
    let [best, at] = [-Infinity, NONE];
    const row = rowOf(from, i);
    const norm = normOf(row);
    for (let j = 0; j < (norm > 0 ? to.count : 0); j++) {
      const other = rowOf(to, j);
      const length = normOf(other);
      const dot = row.reduce((sum, value, c) => sum + value * other[c]!, 0);
      const value = length > 0 ? dot / (norm * length) : 0;
      if (value > best) [best, at] = [value, j];
    }
    nearest.push(at);
    cosine.push(at === NONE ? 0 : best);
  }
  return { nearest, cosine };
}

const random = (count: number, width: number, seed: number, part?: number): Rows => ({
  rows: new TestRandom(seed).normal(count * width, 3),
  count,
  width,
  part,
});

export const cases = gpuCases('nearest decoder rows', {
  'against every cosine in plain arithmetic, with tiles that do not divide and rows in parts': async (
    gpu,
  ) => {
    for (const [from, to] of [
      [random(300, 12, 1), random(41, 12, 2)],
      [random(1, 4, 3), random(1, 4, 4)],
      [random(7, 64, 5, 3), random(600, 64, 6, 257)],
    ] as const) {
      const found = await match(gpu, from, to);
      const expected = plain(from, to);
      expectEqual(found.nearest, expected.nearest, 'nearest');
      expectClose(found.cosine, expected.cosine, { absolute: 2e-6 }, 'cosine');
    }
  },
  'with itself every row is its own match, with a permuted and rescaled copy the permutation is found':
    async (gpu) => {
      const [count, width] = [523, 32];
      const own = random(count, width, 7);
      const self = await match(gpu, own, own);
      expectEqual(
        self.nearest,
        Array.from({ length: count }, (_, i) => i),
      );
      expectClose(self.cosine, new Float32Array(count).fill(1), { absolute: 2e-6 });
      const place = (i: number): number => (i * 101 + 17) % count;
      const rows = new Float32Array(count * width);
      for (let i = 0; i < count; i++)
        rows.set(
          rowOf(own, i).map((value) => value * (0.1 + (i % 7))),
          place(i) * width,
        );
      const moved = await match(gpu, own, { rows, count, width });
      expectEqual(
        moved.nearest,
        Array.from({ length: count }, (_, i) => place(i)),
      );
      expectClose(moved.cosine, new Float32Array(count).fill(1), { absolute: 2e-6 });
    },
  'equal rows go to the lowest, opposite ones are no match, rows of zeros have none': async (gpu) => {
    const to = Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, -1, 0);
    const from = Float32Array.of(2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0);
    const found = await match(gpu, { rows: from, count: 3, width: 4 }, { rows: to, count: 4, width: 4 });
    expectEqual(found.nearest, [0, NONE, 0]);
    expectEqual(found.cosine, [1, 0, 0]);
  },
});
