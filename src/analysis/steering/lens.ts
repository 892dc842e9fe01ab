import type { Batch } from '../../gpu/batch.ts';
import { klRows } from '../../gpu/kernels/kl_rows.ts';
import { logProbGather } from '../../gpu/kernels/log_prob_gather.ts';
import { topKRows } from '../../gpu/kernels/topk_rows.ts';
import type { Tensor } from '../../gpu/tensor.ts';
import type { Transformer } from '../../model/transformer.ts';
import { discarding } from '../discarding.ts';
import { LogitParts } from '../logit-parts.ts';
import { Reads } from '../reads.ts';
import { type Baseline, residualHook } from './baseline.ts';
import type { Baselines } from './baselines.ts';
import { startLayer, type SteeredPass } from './compare.ts';
import { settled } from './settled.ts';
import type { LikelyTokens } from './movers.ts';
import { checkOutput } from './overflow.ts';
import type { PassEdits, PassRows } from './steering.ts';

export interface LensResult {
  hooks: string[];
  base: LikelyTokens[];
  steered: LikelyTokens[];
  /** [hooks] KL(base ‖ steered), nats. */
  kl: Float32Array<ArrayBuffer>;
}

/** Where the lens looks: before the first block, and after each. */
export function lensHooks(nLayers: number): string[] {
  return [residualHook(0), ...Array.from({ length: nLayers }, (_, l) => `blocks.${l}.hook_resid_post`)];
}

/**
 * What each layer would predict at one row if it were the last: final norm, with the layer's own scale, unembedding and
 * soft-cap of the residual stream, with and without interventions. One submission; rows of layers before the first
 * intervention are the base's.
 * @param n likely tokens for each layer
 * @source nostalgebraist 2020, "interpreting GPT: the logit lens"
 * @throws FacetError as `compareText`
 */
export async function lensText(
  { model, baselines }: { model: Transformer; baselines: Baselines },
  { ids, rows }: { ids: Uint32Array<ArrayBuffer>; rows: PassRows },
  steering: SteeredPass,
  { row, n }: { row: number; n: number },
): Promise<LensResult> {
  return baselines.with(ids, (base) => settled(() => readLens(model, base, { rows, steering, row, n })));
}

interface Asked {
  rows: PassRows;
  steering: SteeredPass;
  row: number;
  n: number;
}

/** @returns undefined when it must be done again */
async function readLens(
  model: Transformer,
  base: Baseline,
  { rows, steering, row, n }: Asked,
): Promise<LensResult | undefined> {
  const { nLayers, dModel, dVocab } = model.config;
  const hooks = lensHooks(nLayers);
  const layer = startLayer(steering, nLayers);
  const count = Math.min(n, dVocab);
  const batch = model.gpu.batch('lens');
  const reads = new Reads();
  let edits: PassEdits | undefined;
  const settleAt: number[] = [];
  const sides = discarding(batch, () => {
    const known = base.stack?.row === row ? base.stack.tensor : undefined;
    const pass = base.record(batch, {
      layer: steering.atEmbedding ? undefined : layer,
      captures: known ? [] : hooks,
    });
    const clean =
      known ??
      stacked(
        batch,
        hooks.map((hook) => pass.captures.get(hook)!),
        row,
      );
    if (!known) {
      const tensor = batch.keep(clean);
      const former = base.stack;
      base.pend([tensor], () => {
        former?.tensor.dispose();
        base.stack = { row, tensor };
      });
    }
    const steered = batch.scratch([hooks.length, dModel]);
    batch.copy(clean, steered);
    if (layer !== undefined) {
      // Layer l's output is at place l + 1; what goes into the first block is at place 0.
      const first = layer === 0 ? 0 : layer + 1;
      const changed = hooks.slice(first);
      edits = steering.edits(rows);
      batch.scope('steered');
      const { captures } = model.record(batch, {
        ids: base.ids,
        edits: edits.edits,
        captures: changed,
        logits: 'none',
        resume: steering.atEmbedding ? undefined : { layer, residual: pass.residual! },
      });
      changed.forEach((hook, i) => copyRow(batch, captures.get(hook)!, row, steered, first + i));
      settleAt.push(...edits.reads().map((tensor) => reads.want(tensor)));
    }
    return record(batch, model, reads, { clean, steered, count });
  });
  const { arrays } = await batch.submit(reads.tensors);
  base.commit();
  reads.fill(arrays);
  if (edits && !edits.settle(settleAt.map((index) => reads.at(index)))) return undefined;
  checkOutput(reads.floats(sides.steered.lse));
  return {
    hooks,
    base: likelyOf(reads, sides.base, count),
    steered: likelyOf(reads, sides.steered, count),
    kl: reads.floats(sides.kl),
  };
}

/** Where a side's arrays are, a number for each part of the layers. */
interface LensReads {
  lse: number[];
  ids: number[];
  logits: number[];
}

/** @param matrices clean and steered [hooks, d_model]; unembedded a few at a time where the vocabulary is large */
function record(
  batch: Batch,
  model: Transformer,
  reads: Reads,
  { clean, steered, count }: { clean: Tensor; steered: Tensor; count: number },
): { base: LensReads; steered: LensReads; kl: number[] } {
  batch.scope('lens');
  const found = {
    base: { lse: [], ids: [], logits: [] } as LensReads,
    steered: { lse: [], ids: [], logits: [] } as LensReads,
    kl: [] as number[],
  };
  const length = clean.shape[0]!;
  for (const { from, count: rows } of new LogitParts(model, length).parts) {
    const targets = batch.input(new Uint32Array(rows), [rows]);
    const logits = [clean, steered].map((matrix) => model.unembed(batch, matrix, from, rows));
    const sums = (['base', 'steered'] as const).map((side, i) => {
      const top = topKRows(batch, { x: logits[i]!, k: count });
      const { logProb, lse } = logProbGather(batch, { logits: logits[i]!, targets });
      found[side].lse.push(reads.want(lse));
      found[side].ids.push(reads.want(top.indices));
      found[side].logits.push(reads.want(top.values));
      batch.release(logProb);
      return lse;
    });
    const [p, q] = logits;
    found.kl.push(reads.want(klRows(batch, { p: p!, q: q!, lse: { p: sums[0], q: sums[1] } })));
    batch.release(targets, ...logits);
  }
  return found;
}

function likelyOf(reads: Reads, at: LensReads, count: number): LikelyTokens[] {
  const ids = reads.words(at.ids);
  const logits = reads.floats(at.logits);
  return Array.from(reads.floats(at.lse), (lse, i) => ({
    ids: ids.slice(i * count, (i + 1) * count),
    probs: Float32Array.from(logits.subarray(i * count, (i + 1) * count), (logit) => Math.exp(logit - lse)),
  }));
}

function copyRow(batch: Batch, from: Tensor, row: number, to: Tensor, place: number): void {
  const size = 4 * to.shape[1]!;
  batch.copy(from, to, { fromOffset: row * size, toOffset: place * size, size });
}

/** One row of each. @returns scratch [matrices, width] */
function stacked(batch: Batch, matrices: readonly Tensor[], row: number): Tensor {
  const stack = batch.scratch([matrices.length, matrices[0]!.shape[1]!]);
  matrices.forEach((matrix, place) => copyRow(batch, matrix, row, stack, place));
  return stack;
}
