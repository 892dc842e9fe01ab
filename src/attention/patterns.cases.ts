import { type AttentionShape, checkAttention, type PlainInputs } from '../gpu/kernels/attention.cases.ts';
import { attentionReference } from '../gpu/reference/attention.ts';
import { gpuCases } from '../testing/cases.ts';
import { joinHeads, type PairShape } from './pair-mask.ts';
import { type AttentionPattern, fillParameters } from './pattern.ts';
import { patterns } from './patterns/index.ts';
import { maskFromRule } from './rule-mask.ts';

/** Ragged lengths, one token, one query after many keys, grouped queries, blocks that no size divides. */
const SHAPES: readonly (AttentionShape & { window?: number; budget?: number; deviation?: number })[] = [
  { nHeads: 1, nKvHeads: 1, dHead: 4, nQueries: 1, queryOffset: 0, blockSize: 16, budget: 0.5 },
  { nHeads: 2, nKvHeads: 2, dHead: 8, nQueries: 1, queryOffset: 36, blockSize: 16, budget: 0.5 },
  {
    nHeads: 3,
    nKvHeads: 3,
    dHead: 12,
    nQueries: 67,
    queryOffset: 0,
    blockSize: 16,
    budget: 0.6,
    deviation: 2,
  },
  { nHeads: 4, nKvHeads: 2, dHead: 8, nQueries: 50, queryOffset: 19, blockSize: 8, budget: 0.6 },
  { nHeads: 4, nKvHeads: 1, dHead: 32, nQueries: 33, queryOffset: 0, blockSize: 32 },
  { nHeads: 2, nKvHeads: 1, dHead: 4, nQueries: 40, queryOffset: 5, blockSize: 7, window: 9, budget: 0.7 },
];

/** Every head's mask from its own queries, keys and true pattern. */
function build(
  pattern: AttentionPattern,
  shape: (typeof SHAPES)[number],
  plain: PlainInputs,
): ReturnType<typeof joinHeads> {
  const { nHeads, nKvHeads, dHead, nQueries, queryOffset, blockSize, window = 0, budget } = shape;
  const nKeys = nQueries + queryOffset;
  const pairs: PairShape = { nQueries, nKeys, queryOffset, blockSize, window };
  const { scale } = plain;
  const { pattern: all } = attentionReference({
    ...shape, ...plain, nKeys, v: plain.k, mask: maskFromRule({ ...pairs }, { window, sinks: 0 }),
  }); // oxfmt-ignore
  const ofHead = (rows: Float64Array, heads: number, head: number): Float32Array =>
    Float32Array.from({ length: (rows.length / heads) | 0 }, (_, i) => {
      const [row, column] = [Math.floor(i / dHead), i % dHead];
      return rows[(row * heads + head) * dHead + column]!;
    });
  return joinHeads(
    Array.from({ length: nHeads }, (_, head) => {
      const q = ofHead(plain.q, nHeads, head);
      const k = ofHead(plain.k, nKvHeads, Math.floor((head * nKvHeads) / nHeads));
      const own = Float32Array.from(all.subarray(head * nQueries * nKeys, (head + 1) * nQueries * nKeys));
      const input = { ...pairs, heads: { q, k, dHead, scale, cap: 0 }, pattern: own };
      return pattern.build(input, fillParameters(pattern), budget);
    }),
  );
}

export const cases = gpuCases(
  'attention patterns',
  Object.fromEntries(
    patterns.map((pattern) => [
      `${pattern.id}, against attention over the same pairs`,
      async (gpu) => {
        for (const shape of SHAPES) {
          const what = `${pattern.id} ${JSON.stringify(shape)}`;
          await checkAttention(gpu, shape, {
            mask: (plain) => build(pattern, shape, plain),
            deviation: shape.deviation,
            what,
          });
        }
      },
    ]),
  ),
);
