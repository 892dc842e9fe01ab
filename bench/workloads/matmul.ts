import { matmul, type MatmulVariant } from '../../src/gpu/kernels/matmul.ts';
import { TestRandom } from '../../src/testing/random.ts';
import type { Workload } from '../workload.ts';

const SHAPES: readonly (readonly [label: string, layout: 'kn' | 'nk', rows: number, k: number, n: number])[] =
  [
    ['qkv', 'kn', 64, 192, 576],
    ['qkv one', 'kn', 1, 192, 576],
    ['mlp in', 'kn', 64, 192, 768],
    ['mlp out', 'kn', 64, 768, 192],
    ['unembed', 'nk', 64, 192, 3072],
    ['unembed one', 'nk', 1, 192, 3072],
    ['mlp in gpt2', 'kn', 64, 768, 3072],
    ['mlp in gpt2 one', 'kn', 1, 768, 3072],
    ['unembed gpt2', 'nk', 64, 768, 50257],
    ['unembed smol one', 'nk', 1, 576, 49152],
    ['encoder', 'kn', 64, 768, 24576],
    ['encoder', 'kn', 256, 768, 24576],
  ];

/** The two ways that suit adapters which run on the processor, and for the first two shapes the others too. */
const REGISTERS: readonly MatmulVariant[] = ['register', 'quad'];
const OTHERS: readonly MatmulVariant[] = ['tiled', 'matvec'];

/** Every shape as the model would run it, and with these ways of splitting the work. */
const RUNS = SHAPES.flatMap((shape, index) =>
  [undefined, ...REGISTERS, ...(index < 2 ? OTHERS : [])].map((variant) => ({ shape, variant })),
);

export const workloads: Workload[] = RUNS.map(({ shape: [label, layout, rows, k, n], variant }) => ({
  name: `matmul ${label} [${rows}×${k}]·[${k}×${n}] ${layout} ${variant ?? 'default'}`,
  prepare(gpu) {
    const x = gpu.upload(new TestRandom(rows + k).normal(rows * k), [rows, k]);
    // What the weights are does not matter; drawing tens of millions of normals would.
    const values = new Float32Array(k * n).map((_, i) => ((i * 37) % 101) / 101 - 0.5);
    const weights = gpu.upload(values, layout === 'kn' ? [k, n] : [n, k]);
    return {
      flops: 2 * rows * k * n,
      record: (batch) => batch.release(matmul(batch, { x, weights, layout, variant })),
      [Symbol.dispose]() {
        x.dispose();
        weights.dispose();
      },
    };
  },
}));
