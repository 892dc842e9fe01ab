import type { Batch } from '../../gpu/batch.ts';
import { logProbGather } from '../../gpu/kernels/log_prob_gather.ts';
import type { Tensor } from '../../gpu/tensor.ts';
import type { Transformer } from '../../model/transformer.ts';
import { discarding } from '../discarding.ts';
import { takeRow } from '../take-row.ts';
import type { Baseline } from './baseline.ts';
import type { Baselines } from './baselines.ts';
import { type CompareOptions, startLayer, type SteeredPass } from './compare.ts';
import {
  type LikelyTokens,
  likelyTokens,
  type Mover,
  probabilities,
  type RowLogits,
  topMovers,
} from './movers.ts';
import { checkOutput } from './overflow.ts';
import { settled } from './settled.ts';
import type { PassRows } from './steering.ts';

/** What follows one row. */
export interface ComparedRow {
  base: LikelyTokens;
  steered: LikelyTokens;
  movers: Mover[];
  /** KL(base ‖ steered), nats. */
  kl: number;
  /** As of `Compared`. */
  resumedAt: number;
}

/** A row's logits and ln Σ exp of them, to be read back. */
interface RowReads {
  row: Tensor;
  lse: Tensor;
}

/**
 * What interventions do to the prediction at one row alone: the layers from the first one on, and one row unembedded. What a
 * slider asks while it moves; `compareText` says the rest.
 * @param ids [T] prefix included
 * @throws FacetError as `compareText`
 */
export async function compareRow(
  { model, baselines }: { model: Transformer; baselines: Baselines },
  { ids, rows }: { ids: Uint32Array<ArrayBuffer>; rows: PassRows },
  steering: SteeredPass,
  options: Pick<CompareOptions, 'row' | 'nextTokens' | 'movers'>,
): Promise<ComparedRow> {
  return baselines.with(ids, async (base) => {
    const steered = await settled(() => oneRow(model, base, { rows, steering, row: options.row }));
    return describe(model, base.row!, steered, { ...options, steering });
  });
}

/** @returns undefined when it must be done again */
async function oneRow(
  model: Transformer,
  base: Baseline,
  { rows, steering, row }: { rows: PassRows; steering: SteeredPass; row: number },
): Promise<RowLogits | undefined> {
  const { nLayers } = model.config;
  const layer = startLayer(steering, nLayers);
  const unknown = base.row?.row !== row;
  const edits = layer === undefined ? undefined : steering.edits(rows);
  const batch = model.gpu.batch('compare a row');
  const reads = discarding(batch, () => {
    const basePass = base.record(batch, {
      logits: unknown,
      layer: steering.atEmbedding ? undefined : layer,
    });
    const clean = unknown ? baseRow(batch, base, basePass, row) : undefined;
    if (!edits) return { clean };
    const last = `blocks.${nLayers - 1}.hook_resid_post`;
    const resume = steering.atEmbedding ? undefined : { layer: layer!, residual: basePass.residual! };
    batch.scope('steered');
    const plan = { ids: base.ids, edits: edits.edits, resume, captures: [last], logits: 'none' as const };
    const residual = model.record(batch, plan).captures.get(last)!;
    const steered = summed(batch, model.unembed(batch, residual, row, 1));
    batch.release(residual);
    return { clean, steered, asked: edits.reads() };
  });
  const pairs = [reads.clean, reads.steered].filter((pair) => pair !== undefined);
  const { arrays } = await batch.submit([
    ...pairs.flatMap((pair: RowReads) => [pair.row, pair.lse]),
    ...(reads.asked ?? []),
  ]);
  base.commit();
  const found = pairs.map((_, i): RowLogits => ({
    logits: arrays[2 * i] as Float32Array,
    lse: arrays[2 * i + 1]![0]!,
  }));
  if (reads.clean) base.row = { row, logits: found[0]!, probs: probabilities(found[0]!) };
  if (edits && !edits.settle(arrays.slice(2 * pairs.length))) return undefined;
  if (!edits) return base.row!.logits;
  const steered = found.at(-1)!;
  checkOutput([steered.lse]);
  return steered;
}

function baseRow(batch: Batch, base: Baseline, pass: Parameters<Baseline['rows']>[1], row: number): RowReads {
  const part = base.logits.parts.findIndex(({ from, count }) => row >= from && row < from + count);
  const rows = base.rows(batch, pass, part);
  const own = takeRow(batch, rows.tensor, row - base.logits.parts[part]!.from);
  rows.release();
  return summed(batch, own);
}

/** @param row [1, d_vocab] */
function summed(batch: Batch, row: Tensor): RowReads {
  const targets = batch.input(new Uint32Array(1), [1]);
  const { logProb, lse } = logProbGather(batch, { logits: row, targets });
  batch.release(targets, logProb);
  return { row, lse };
}

function describe(
  model: Transformer,
  { logits, probs }: NonNullable<Baseline['row']>,
  steered: RowLogits,
  { nextTokens, movers, steering }: Pick<CompareOptions, 'nextTokens' | 'movers'> & { steering: SteeredPass },
): ComparedRow {
  const after = probabilities(steered);
  return {
    base: likelyTokens(logits, nextTokens),
    steered: likelyTokens(steered, nextTokens),
    movers: topMovers(probs, after, movers),
    kl: divergence(logits, probs, steered),
    resumedAt: startLayer(steering, model.config.nLayers) ?? model.config.nLayers,
  };
}

/** Σ p · (ln p − ln q), nats; what rounding makes negative is 0. */
function divergence(base: RowLogits, probs: Float64Array, steered: RowLogits): number {
  const shift = steered.lse - base.lse;
  const sum = probs.reduce(
    (all, p, id) => (p > 0 ? all + p * (base.logits[id]! - steered.logits[id]! + shift) : all),
    0,
  );
  return Math.max(0, sum);
}
