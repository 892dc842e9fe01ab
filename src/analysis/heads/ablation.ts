import { columnMean } from '../../gpu/kernels/column_mean.ts';
import { klRows } from '../../gpu/kernels/kl_rows.ts';
import { replaceColumns } from '../../gpu/kernels/replace_columns.ts';
import type { Tensor } from '../../gpu/tensor.ts';
import type { Edit } from '../../model/run-plan.ts';
import type { Transformer } from '../../model/transformer.ts';
import { LogitParts } from '../logit-parts.ts';
import { discarding } from '../discarding.ts';
import type { HeadPlace, HeadReader } from './head-matrices.ts';
import type { Pace } from './pace.ts';

/** Row 0 holds the beginning-of-text token, where there is one: never part of a mean, never replaced. */
export const FIRST_ROW = 1;

type Reader = Pick<HeadReader, 'model' | 'turn'>;
type Ids = Uint32Array<ArrayBuffer>;
const zHook = (layer: number): string => `blocks.${layer}.attn.hook_z`;

/** Puts `row` [n_heads · d_head] in place of some heads' z, rows 1 and up. */
function replaceHeads(model: Transformer, heads: readonly number[], row: Tensor): Edit {
  const { nHeads, dHead } = model.config;
  const keep = new Float32Array(nHeads * dHead).fill(1);
  for (const head of heads) keep.fill(0, head * dHead, (head + 1) * dHead);
  return (batch, x) => {
    const mask = batch.input(keep, [keep.length]);
    const y = replaceColumns(batch, { x, row, keep: mask, fromRow: FIRST_ROW });
    batch.release(mask);
    return y;
  };
}

/** What a text's pass says before anything is ablated. */
export interface CleanText {
  /** [T − 1] loss of what follows each row, nats. */
  losses: Float64Array;
  /** Rows behind the means: 1 … T − 1. */
  rows: number;
  /** [L · n_heads · d_head] mean z over those rows; of no meaning when there are none. */
  z: Float32Array;
}

/** @throws FacetError `cancelled` */
export async function readClean({ model, turn }: Reader, ids: Ids): Promise<CleanText> {
  const { nLayers, nHeads, dHead } = model.config;
  const rows = Math.max(0, ids.length - FIRST_ROW);
  const hooks = Array.from({ length: nLayers }, (_, layer) => zHook(layer));
  const { arrays } = await turn(() => {
    const batch = model.gpu.batch('mean z');
    const reads = discarding(batch, () => {
      const logits = new LogitParts(model, ids.length, undefined, false);
      const pass = logits.record(batch, { ids, captures: hooks });
      const from = Math.min(FIRST_ROW, ids.length - 1);
      const means = hooks.map((hook) =>
        columnMean(batch, { x: pass.captures.get(hook)!, fromRow: from, toRow: ids.length }),
      );
      return [...means, ...logits.nextLogProbs(batch, pass, ids)];
    });
    return batch.submit(reads);
  });
  const z = new Float32Array(nLayers * nHeads * dHead);
  arrays.slice(0, nLayers).forEach((mean, layer) => z.set(mean, layer * nHeads * dHead));
  return { losses: lossesOf(arrays.slice(nLayers)), rows, z };
}

function joined(parts: readonly ArrayLike<number>[]): number[] {
  return parts.flatMap((part) => Array.from(part));
}

/** @param parts log-probabilities of what follows each row; the last is meaningless. @returns [T − 1] nats */
function lossesOf(parts: readonly ArrayLike<number>[]): Float64Array {
  return Float64Array.from(joined(parts).slice(0, -1), (value) => -value);
}

/** Mean z of every layer over some texts, each row the same. @returns [L · n_heads · d_head] */
export function meanZ(texts: readonly CleanText[]): Float32Array<ArrayBuffer> {
  const mean = new Float64Array(texts[0]?.z.length ?? 0);
  const rows = texts.reduce((sum, text) => sum + text.rows, 0);
  for (const text of texts)
    if (text.rows > 0) text.z.forEach((value, i) => (mean[i]! += (value * text.rows) / rows));
  return Float32Array.from(mean);
}

/**
 * Losses of one text with one head's z at its mean, for each of some heads. Every layer is reached once; from there a pass
 * for each of its heads.
 * @param z [L · n_heads · d_head] of `meanZ`
 * @param onHead [T − 1] as `CleanText.losses`; heads in order of layers
 * @throws FacetError `cancelled`
 */
export async function ablateEach(
  { model, turn }: Reader,
  ids: Ids,
  { heads, z, pace }: { heads: readonly HeadPlace[]; z: Float32Array<ArrayBuffer>; pace: Pace },
  onHead: (head: HeadPlace, losses: Float64Array) => void,
): Promise<void> {
  const { nLayers, nHeads, dHead } = model.config;
  const width = nHeads * dHead;
  const last = Math.max(-1, ...heads.map(({ layer }) => layer));
  let residual: Tensor | undefined;
  try {
    for (let layer = 0; layer <= last; layer++) {
      const own = heads.filter((head) => head.layer === layer);
      const row = z.slice(layer * width, (layer + 1) * width);
      for (let first = 0; first < own.length;) {
        const some = own.slice(first, first + pace.size);
        await turn(async () => {
          const started = performance.now();
          const batch = model.gpu.batch('ablate heads');
          const logits = new LogitParts(model, ids.length, undefined, false);
          const reads = discarding(batch, () =>
            some.map(({ head }) => {
              const mean = batch.input(row, [width]);
              const edits = new Map([[zHook(layer), replaceHeads(model, [head], mean)]]);
              const resume = residual && { layer, residual };
              const made = logits.nextLogProbs(batch, logits.record(batch, { ids, edits, resume }), ids);
              batch.release(mean);
              return made;
            }),
          );
          const { arrays } = await batch.submit(reads.flat());
          const parts = logits.parts.length;
          some.forEach((head, i) => onHead(head, lossesOf(arrays.slice(i * parts, (i + 1) * parts))));
          pace.took(some.length, performance.now() - started);
        });
        first += some.length;
      }
      if (layer === last || layer === nLayers - 1) break;
      await turn(async () => {
        const batch = model.gpu.batch('next layer');
        const hook = `blocks.${layer}.hook_resid_post`;
        const before = residual;
        const run = discarding(batch, () =>
          model.record(batch, { ids, captures: [hook], resume: before && { layer, residual: before } }),
        );
        residual = batch.keep(run.captures.get(hook)!);
        await batch.submit();
        before?.dispose();
      });
    }
  } finally {
    residual?.dispose();
  }
}

export interface TextAblation {
  /** [T] −ln p of each token, NaN in row 0. */
  loss: Float32Array;
  ablated: Float32Array;
  /** [T] KL(as is ‖ ablated) of what follows each row, nats. */
  kl: Float32Array;
  next: LikelyNext;
  nextAblated: LikelyNext;
}

export interface LikelyNext {
  n: number;
  /** [T · n] likeliest first. */
  ids: Uint32Array;
  probs: Float32Array;
}

/**
 * One text with several heads ablated together, beside itself as it is.
 * @param ablation.with what z becomes in rows 1 and up: its mean over those rows as they are, or zero
 * @param n likely next tokens for each row
 */
export async function ablateTogether(
  model: Transformer,
  ids: Ids,
  ablation: { heads: readonly HeadPlace[]; with: 'mean' | 'zero' },
  n: number,
): Promise<TextAblation> {
  const { nHeads, dHead, dVocab } = model.config;
  const width = nHeads * dHead;
  const layers = [...new Set(ablation.heads.map(({ layer }) => layer))].sort((a, b) => a - b);
  const logits = new LogitParts(model, ids.length);
  const count = Math.min(n, dVocab);
  const batch = model.gpu.batch('ablate');
  const reads = discarding(batch, () => {
    const clean = logits.record(batch, { ids, captures: layers.map(zHook) });
    const edits = new Map(
      layers.map((layer) => {
        const x = clean.captures.get(zHook(layer))!;
        const row =
          ablation.with === 'zero'
            ? batch.input(new Float32Array(width), [width])
            : columnMean(batch, { x, fromRow: Math.min(FIRST_ROW, ids.length - 1), toRow: ids.length });
        const heads = ablation.heads.filter((head) => head.layer === layer).map(({ head }) => head);
        return [zHook(layer), replaceHeads(model, heads, row)];
      }),
    );
    const ablated = logits.record(batch, { ids, edits });
    const next = new Uint32Array(ids.length);
    next.set(ids.subarray(1));
    return logits.parts.flatMap((part) => {
      const targets = batch.input(next.slice(part.from, part.from + part.count), [part.count]);
      const sides = [clean, ablated].map((pass) => logits.rows(batch, pass, part));
      const kl = klRows(batch, { p: sides[0]!, q: sides[1]! });
      const each = sides.flatMap((rows) => {
        const { logProb, lse, top } = logits.predict(batch, clean, part, { targets, k: count, logits: rows });
        return [logProb, lse, top!.indices, top!.values];
      });
      batch.release(...sides);
      return [kl, ...each];
    });
  });
  const { arrays } = await batch.submit(reads);
  const all = (place: number): number[] => joined(logits.parts.map((_, part) => arrays[part * 9 + place]!));
  const loss = (place: number): Float32Array =>
    Float32Array.from([NaN, ...all(place).slice(0, -1)], (value) => -value);
  const likely = (place: number): LikelyNext => {
    const lse = all(place + 1);
    const probs = all(place + 3).map((logit, i) => Math.exp(logit - lse[Math.floor(i / count)]!));
    return { n: count, ids: Uint32Array.from(all(place + 2)), probs: Float32Array.from(probs) };
  };
  return {
    loss: loss(1),
    ablated: loss(5),
    kl: Float32Array.from(all(0)),
    next: likely(1),
    nextAblated: likely(5),
  };
}
