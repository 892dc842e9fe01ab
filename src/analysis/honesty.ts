import type { Dictionary } from '../dictionary/dictionary.ts';
import type { GpuCodes } from '../dictionary/codes.ts';
import {
  ceRecovered,
  errorShare,
  errorSums,
  explainedVariance,
  l0,
  mean,
  meanKl,
} from '../dictionary/metrics.ts';
import type { Batch } from '../gpu/batch.ts';
import { columnMean } from '../gpu/kernels/column_mean.ts';
import { klRows } from '../gpu/kernels/kl_rows.ts';
import { logProbGather } from '../gpu/kernels/log_prob_gather.ts';
import { reconstructionError } from '../gpu/kernels/reconstruction_error.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { parseHook } from '../model/hooks.ts';
import type { Edit, RunPlan } from '../model/run-plan.ts';
import type { Transformer } from '../model/transformer.ts';
import { replaceRows, zeros } from './interventions.ts';

/** Position 0 holds the beginning-of-text token, whose activation norm is an outlier: it is never judged or replaced. */
const FIRST_JUDGED = 1;

export interface HonestyTensors {
  /** [T, 4] ‖x−x̂‖², ‖x−mean‖², ‖x‖², ‖x̂‖² */
  errors: Tensor;
  /** [T] log-probability of the next token with x̂ in place of x; the last entry is meaningless. */
  spliced: Tensor;
  /** [T] the same with 0 in place of x. */
  zeroed: Tensor;
  /** [T] KL(clean ‖ spliced), nats. */
  kl: Tensor;
}

/** How well a dictionary stands for the model on one prompt. Averages run over positions 1 … T−1. */
export interface HonestyResult {
  tokens: number;
  l0: number;
  explainedVariance: number;
  errorShare: number;
  ceClean: number;
  ceSpliced: number;
  ceZero: number;
  ceRecovered: number;
  kl: number;
}

/**
 * Records the two extra passes behind the honesty strip into the same batch as the clean pass: once with the
 * dictionary's reconstruction at its hook, once with zeros there. Both resume at the hook's layer.
 * @param activation what the clean pass captured at the dictionary's hook
 * @param cleanLogits [T, V] of the clean pass
 * @param targets [T] next token ids (anything at the last position)
 */
export function recordHonesty(
  batch: Batch,
  model: Transformer,
  dictionary: Dictionary,
  run: {
    ids: Uint32Array<ArrayBuffer>;
    activation: Tensor;
    codes: GpuCodes;
    cleanLogits: Tensor;
    targets: Tensor;
    residual?: { layer: number; tensor: Tensor };
  },
): HonestyTensors {
  batch.scope('honesty');
  const { activation, codes, cleanLogits, targets } = run;
  const rows = activation.shape[0]!;
  const reconstruction = dictionary.decode(batch, codes);
  const average = columnMean(batch, {
    x: activation,
    fromRow: Math.min(FIRST_JUDGED, rows - 1),
    toRow: rows,
  });
  const errors = reconstructionError(batch, { x: activation, xHat: reconstruction, mean: average });
  batch.release(average);

  const pass = (edit: Edit): { logProb: Tensor; logits: Tensor } => {
    const resume = run.residual && { layer: run.residual.layer, residual: run.residual.tensor };
    const plan: RunPlan = { ids: run.ids, logits: 'all', edits: new Map([[dictionary.hook, edit]]), resume };
    const { logits } = model.record(batch, plan);
    const { logProb, lse } = logProbGather(batch, { logits: logits!, targets });
    batch.release(lse);
    return { logProb, logits: logits! };
  };
  const spliced = pass(replaceRows(() => reconstruction, FIRST_JUDGED));
  batch.scope('honesty');
  const kl = klRows(batch, { p: cleanLogits, q: spliced.logits });
  batch.release(spliced.logits);
  const zeroed = pass(replaceRows(zeros, FIRST_JUDGED));
  batch.release(zeroed.logits);
  return { errors, spliced: spliced.logProb, zeroed: zeroed.logProb, kl };
}

/** Where a pass may resume so that the dictionary's hook is still ahead of it. */
export function resumeLayer(hook: string, model: Transformer): number {
  return parseHook(hook, model.config).layer ?? 0;
}

/**
 * Averages what `recordHonesty` measured.
 * @param arrays read back, in the order of the parameters of `HonestyTensors`
 * @param cleanLogProb [T] of the clean pass
 * @param activeCounts [T] features active per position
 */
export function summarizeHonesty(
  arrays: {
    errors: ArrayLike<number>;
    spliced: ArrayLike<number>;
    zeroed: ArrayLike<number>;
    kl: ArrayLike<number>;
  },
  cleanLogProb: ArrayLike<number>,
  activeCounts: ArrayLike<number>,
): HonestyResult {
  const rows = cleanLogProb.length;
  const tokens = Array.from({ length: Math.max(0, rows - FIRST_JUDGED) }, (_, i) =>
    errorSums(arrays.errors, i + FIRST_JUDGED),
  );
  const judged = (values: ArrayLike<number>): Float64Array =>
    Float64Array.from(values).subarray(FIRST_JUDGED, rows);
  // Predictions from positions whose activation was replaced and which have a next token to be judged by.
  const meanLoss = (logProb: ArrayLike<number>): number => -mean(judged(logProb).subarray(0, -1));
  const losses = {
    clean: meanLoss(cleanLogProb),
    spliced: meanLoss(arrays.spliced),
    zero: meanLoss(arrays.zeroed),
  };
  return {
    tokens: tokens.length,
    l0: l0(judged(activeCounts)),
    explainedVariance: explainedVariance(tokens),
    errorShare: errorShare(tokens),
    ceClean: losses.clean,
    ceSpliced: losses.spliced,
    ceZero: losses.zero,
    ceRecovered: ceRecovered(losses),
    kl: meanKl(judged(arrays.kl)),
  };
}
