import type { Batch } from '../../gpu/batch.ts';
import { attentionRowScores, type Measure } from '../../gpu/kernels/attention_row_scores.ts';
import { headDots } from '../../gpu/kernels/head_dots.ts';
import { matmul } from '../../gpu/kernels/matmul.ts';
import type { Tensor } from '../../gpu/tensor.ts';
import type { Transformer } from '../../model/transformer.ts';
import type { CorpusText } from './corpus.ts';
import { discarding } from '../discarding.ts';
import { type HeadReader, unembedDirections } from './head-matrices.ts';
import type { Pace } from './pace.ts';
import { type AttentionScore, scoredText, type ScoredText } from './scores/score.ts';

/** What one text says of one score: Σ over the rows that count, by head of the model, and how many they are. */
export interface TextScore {
  /** [L · H] */
  sums: Float64Array;
  rows: number;
}

/** Longest text whose patterns of a layer fit the memory set aside for them. */
export function mostRows({ nCtx, nHeads }: { nCtx: number; nHeads: number }): number {
  return Math.max(2, Math.min(nCtx, Math.floor(Math.sqrt(2 ** 24 / nHeads))));
}

/** Which keys count for which score, and which rows. */
interface Marked {
  /** [T, T] bit b for the score measured with it. */
  marks: Uint32Array<ArrayBuffer>;
  measures: Measure[];
  /** Per score, whether a row counts. */
  counts: ((t: number) => boolean)[];
}

/** @param scores at most 32, all of one kind of text */
export function markText(text: ScoredText, scores: readonly AttentionScore[]): Marked {
  const rows = text.ids.length;
  const marks = new Uint32Array(rows * rows);
  const found = scores.map(() => new Uint8Array(rows));
  scores.forEach(({ keys }, bit) => {
    const own = found[bit]!;
    if (keys === 'all') own.fill(1);
    else
      for (let t = 0; t < rows; t++)
        for (let s = 0; s <= t; s++) {
          if (!keys(text, t, s)) continue;
          marks[t * rows + s]! |= 1 << bit;
          own[t] = 1;
        }
  });
  return {
    marks,
    measures: scores.map(({ keys, factor }, bit) => ({ keys: keys === 'all' ? 'all' : bit, factor })),
    counts: scores.map(
      ({ fromRow, onlyWithKeys }, score) =>
        (t: number) =>
          t >= fromRow && (!onlyWithKeys || found[score]![t] === 1),
    ),
  };
}

/**
 * Every score of every head on one text. Runs the layers in turn, as many at once as the pace says, and reads back a
 * number per head, row and score.
 * @param mean [d_model] of W_U over the vocabulary, when a score's factor is `rise`
 * @returns in the order of `scores`
 * @throws FacetError `cancelled`
 */
export async function scoreText(
  { model, turn }: Pick<HeadReader, 'model' | 'turn'>,
  text: CorpusText,
  scores: readonly AttentionScore[],
  { pace, mean }: { pace: Pace; mean?: Float32Array<ArrayBuffer> },
): Promise<TextScore[]> {
  const { nLayers, nHeads } = model.config;
  const marked = markText(scoredText(text), scores);
  const rises = scores.some(({ factor }) => factor === 'rise');
  const layers: LayerSums[] = [];
  let finalScale: ArrayLike<number> | undefined;
  let residual: Tensor | undefined;
  try {
    while (layers.length < nLayers) {
      const first = layers.length;
      const count = Math.min(pace.size, nLayers - first);
      await turn(async () => {
        const started = performance.now();
        const from: Tensor | undefined = residual;
        const batch = model.gpu.batch('head scores');
        const part = { first, count, residual: from, mean: rises ? mean : undefined };
        const recorded = discarding(batch, () => recordLayers(batch, model, text, marked, part));
        residual = recorded.residual && batch.keep(recorded.residual);
        const { arrays } = await batch.submit(recorded.reads).finally(() => from?.dispose());
        for (const { sums, scale } of recorded.places)
          layers.push({ sums: arrays[sums]!, scale: scale === undefined ? undefined : arrays[scale] });
        if (recorded.finalScale !== undefined) finalScale = arrays[recorded.finalScale];
        pace.took(count, performance.now() - started);
      });
    }
  } finally {
    residual?.dispose();
  }
  return scores.map(({ factor }, score) => {
    const rows = Array.from(text.ids.keys()).filter(marked.counts[score]!);
    const sums = new Float64Array(nLayers * nHeads);
    layers.forEach((layer, l) => {
      for (let head = 0; head < nHeads; head++)
        for (const t of rows) {
          const value = layer.sums[(head * text.ids.length + t) * scores.length + score]!;
          const scale = factor === 'rise' ? finalScale![t]! * (layer.scale?.[t] ?? 1) : 1;
          sums[l * nHeads + head]! += value / scale;
        }
    });
    return { sums, rows: rows.length };
  });
}

interface LayerSums {
  /** [H, T, scores] */
  sums: ArrayLike<number>;
  /** [T] what the norm after attention divides by, in models that have one. */
  scale?: ArrayLike<number>;
}

interface RecordedLayers {
  reads: Tensor[];
  places: { sums: number; scale?: number }[];
  finalScale?: number;
  /** Where the next layer begins. */
  residual?: Tensor;
}

function recordLayers(
  batch: Batch,
  model: Transformer,
  { ids }: CorpusText,
  { marks, measures }: Marked,
  part: { first: number; count: number; residual?: Tensor; mean?: Float32Array<ArrayBuffer> },
): RecordedLayers {
  const { nLayers, dModel, sandwich } = model.config;
  const rows = ids.length;
  const bits = batch.input(marks, [rows, rows]);
  const mean = part.mean && batch.input(part.mean, [dModel]);
  const recorded: RecordedLayers = { reads: [], places: [] };
  const want = (tensor: Tensor): number => recorded.reads.push(tensor) - 1;
  let residual = part.residual;
  for (let layer = part.first; layer < part.first + part.count; layer++) {
    const at = `blocks.${layer}`;
    const last = layer === nLayers - 1;
    const names = {
      pattern: `${at}.attn.hook_pattern`,
      values: `${at}.attn.hook_v`,
      scale: `${at}.ln1_post.hook_scale`,
      next: last ? 'ln_final.hook_scale' : `${at}.hook_resid_post`,
    };
    const captures = [
      names.pattern,
      ...(mean ? [names.values] : []),
      ...(mean && sandwich ? [names.scale] : []),
      ...(mean || !last ? [names.next] : []),
    ];
    const run = model.record(batch, {
      ids,
      captures,
      resume: residual && { layer, residual },
    });
    batch.scope(`${at}.scores`);
    const rise =
      mean && recordRise(batch, model, layer, { ids, values: run.captures.get(names.values)!, mean });
    const pattern = run.captures.get(names.pattern)!;
    const sums = want(attentionRowScores(batch, { pattern, marks: bits, rise, measures }));
    const scale = run.captures.get(names.scale);
    recorded.places.push({ sums, scale: scale && want(scale) });
    batch.release(pattern, run.captures.get(names.values), rise);
    if (residual !== part.residual) batch.release(residual);
    residual = last ? undefined : run.captures.get(names.next);
    if (last && mean) recorded.finalScale = want(run.captures.get(names.next)!);
  }
  return { ...recorded, residual };
}

/**
 * What the value of each row, through a head's part of W_O, adds to the logit of the token of that row, minus the mean
 * over the vocabulary; norms' scales taken as 1.
 * @param values [T, n_kv_heads · d_head] `hook_v`
 * @returns scratch [H, T]
 */
function recordRise(
  batch: Batch,
  model: Transformer,
  layer: number,
  { ids, values, mean }: { ids: Uint32Array<ArrayBuffer>; values: Tensor; mean: Tensor },
): Tensor {
  const { nHeads, nKvHeads } = model.config;
  const tokens = batch.input(ids, [ids.length]);
  const directions = unembedDirections(batch, model, layer, tokens, mean);
  const name = `blocks.${layer}.attn.W_O`;
  const { layout } = model.weights.matrix(name);
  const back = matmul(batch, {
    x: directions,
    weights: model.weights.get(name),
    layout: layout === 'kn' ? 'nk' : 'kn',
  });
  const rise = headDots(batch, { a: values, b: back, nHeads, nKvHeads });
  batch.release(tokens, directions, back);
  return rise;
}
