import { matmul } from '../../gpu/kernels/matmul.ts';
import { topKRows } from '../../gpu/kernels/topk_rows.ts';
import type { Tensor } from '../../gpu/tensor.ts';
import { ovSides } from './copying.ts';
import {
  headMatrices,
  type HeadPlace,
  type HeadReader,
  readEmbeddings,
  rowsAtOnce,
  unembeddingMean,
} from './head-matrices.ts';
import { Pace } from './pace.ts';

/** Tokens tried on either side, from the lowest id: byte-pair merges are made most frequent first. */
export const MOST_TOKENS = 8192;
/** Entries of a circuit that exist at once. */
const MOST_ENTRIES = 2 ** 21;

export interface CircuitPair {
  from: number;
  to: number;
  value: number;
}

export interface CircuitPairs {
  qk: CircuitPair[];
  ov: CircuitPair[];
  /** Tokens tried on either side: ids 0 … tokens − 1. */
  tokens: number;
}

/**
 * Largest entries of a head's QK circuit, W_E W_Q W_Kᵀ W_Eᵀ · scale, and of its OV circuit, W_E W_V W_O W_U minus each
 * row's mean over the vocabulary: norms' gains folded in and their scales taken as 1; no positions, rotation or biases.
 * @param pairs of each kind, at least 1; equal values in order of the query's, then the key's id
 * @param onStep of how many
 * @source Elhage et al. 2021, A Mathematical Framework for Transformer Circuits
 * @throws FacetError `cancelled`
 */
export async function circuitPairs(
  reader: HeadReader,
  head: HeadPlace,
  { pairs, tokens: wanted = MOST_TOKENS }: { pairs: number; tokens?: number },
  onStep: (done: number, total: number) => void,
): Promise<CircuitPairs> {
  const { model } = reader;
  const { dVocab, dHead, attentionScale } = model.config;
  const tokens = Math.min(dVocab, wanted);
  const made: Tensor[] = Array.from({ length: 4 }, () => model.gpu.tensor([tokens, dHead]));
  const [q, k, v, p] = made as [Tensor, Tensor, Tensor, Tensor];
  try {
    const step = rowsAtOnce(model.config);
    const atOnce = Math.max(1, Math.floor(MOST_ENTRIES / tokens));
    const total = Math.ceil(tokens / step) + 2 * Math.ceil(tokens / atOnce);
    let done = 0;
    const stepped = (steps: number): void => onStep((done += steps), total);
    for (let first = 0; first < tokens; first += step) {
      await readSides(reader, head, { first, count: Math.min(step, tokens - first) }, { q, k, v, p });
      stepped(1);
    }
    const qk = await largest(reader, { left: q, right: k, atOnce, pairs }, stepped);
    const ov = await largest(reader, { left: v, right: p, atOnce, pairs }, stepped);
    return { qk: qk.map((pair) => ({ ...pair, value: pair.value * attentionScale })), ov, tokens };
  } finally {
    for (const tensor of made) tensor.dispose();
  }
}

async function readSides(
  reader: HeadReader,
  head: HeadPlace,
  { first, count }: { first: number; count: number },
  kept: { q: Tensor; k: Tensor; v: Tensor; p: Tensor },
): Promise<void> {
  const { model, turn } = reader;
  const { dHead } = model.config;
  const mean = await unembeddingMean(reader);
  await turn(async () => {
    const batch = model.gpu.batch('sides of circuits');
    const ids = batch.input(
      Uint32Array.from({ length: count }, (_, i) => first + i),
      [count],
    );
    const { q: wQ, k: wK } = headMatrices(batch, model, head, { q: true, k: true });
    const read = readEmbeddings(batch, model, head.layer, ids);
    const sides = {
      q: matmul(batch, { x: read, weights: wQ!, layout: 'nk' }),
      k: matmul(batch, { x: read, weights: wK!, layout: 'nk' }),
      ...ovSides(batch, reader, head, ids, mean),
    };
    for (const side of ['q', 'k', 'v', 'p'] as const)
      batch.copy(sides[side], kept[side], { toOffset: 4 * first * dHead, size: 4 * count * dHead });
    await batch.submit();
    await model.gpu.settled();
  });
}

/** Largest entries of left · rightᵀ, a few rows at a time. */
async function largest(
  { model, turn }: HeadReader,
  { left, right, atOnce, pairs }: { left: Tensor; right: Tensor; atOnce: number; pairs: number },
  stepped: (steps: number) => void,
): Promise<CircuitPair[]> {
  const [tokens = 0, dHead = 0] = left.shape;
  const pace = new Pace();
  let best: CircuitPair[] = [];
  let row = 0;
  while (row < tokens) {
    const parts: { first: number; count: number }[] = [];
    for (let next = row; next < tokens && parts.length < pace.size; next += atOnce)
      parts.push({ first: next, count: Math.min(atOnce, tokens - next) });
    const { arrays } = await turn(async () => {
      const started = performance.now();
      const batch = model.gpu.batch('circuit');
      const found = parts.flatMap(({ first, count }) => {
        const x = batch.scratch([count, dHead]);
        batch.copy(left, x, { fromOffset: 4 * first * dHead, size: x.byteLength });
        const entries = matmul(batch, { x, weights: right, layout: 'nk' });
        const top = topKRows(batch, { x: entries.reshaped([1, count * tokens]), k: pairs });
        batch.release(x, entries);
        return [top.indices, top.values];
      });
      const read = await batch.submit(found);
      pace.took(parts.length, performance.now() - started);
      return read;
    });
    const fresh = parts.flatMap(({ first }, i) =>
      Array.from(arrays[2 * i]!, (place, j) => ({ place, value: arrays[2 * i + 1]![j]! }))
        .filter(({ place }) => place !== 0xffffffff)
        .map(({ place, value }) => ({ from: first + Math.floor(place / tokens), to: place % tokens, value })),
    );
    best = [...best, ...fresh]
      .sort((a, b) => b.value - a.value || a.from - b.from || a.to - b.to)
      .slice(0, pairs);
    row = parts.at(-1)!.first + parts.at(-1)!.count;
    stepped(parts.length);
  }
  return best;
}
