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
import { reconstructionError } from '../gpu/kernels/reconstruction_error.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { parseHook } from '../model/hooks.ts';
import type { Edit, RunPlan } from '../model/run-plan.ts';
import type { Transformer } from '../model/transformer.ts';
import { replaceRows, zeroRows } from './interventions.ts';
import type { FinalPass, LogitParts } from './logit-parts.ts';
import { ownColumns } from './site.ts';

/**
 * Position 0 holds the beginning-of-text token, where the model has one; its activation norm is an outlier either way,
 * so it is never judged or replaced.
 */
const FIRST_JUDGED = 1;

/** What the passes behind the honesty strip gave, before their logits are looked at. */
export interface HonestyPasses {
  /** [T, 4] ‖y−ŷ‖², ‖y−mean‖², ‖y‖², ‖ŷ‖² of the activation y the dictionary reconstructs. */
  errors: Tensor;
  /** With ŷ in place of y. */
  spliced: FinalPass;
  /** With 0 in place of y. */
  zeroed: FinalPass;
}

/** For some rows of a text, or for all. */
export interface HonestyTensors {
  /** Log-probability of the next token with ŷ in place of y; the last entry of a text is meaningless. */
  spliced: Tensor;
  /** The same with 0 in place of y. */
  zeroed: Tensor;
  /** KL(clean ‖ spliced), nats. */
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
 * dictionary's reconstruction in place of the activation it reconstructs, once with zeros there. Both resume at the
 * layer of that activation.
 * @param run.input     what was encoded
 * @param run.target    what the clean pass had at the dictionary's `hookOut`, the dictionary's own columns of it
 */
export function recordHonesty(
  batch: Batch,
  logits: LogitParts,
  dictionary: Dictionary,
  run: {
    ids: Uint32Array<ArrayBuffer>;
    input: Tensor;
    target: Tensor;
    codes: GpuCodes;
    resume?: RunPlan['resume'];
  },
): HonestyPasses {
  batch.scope('honesty');
  const { ids, input, target, codes, resume } = run;
  const rows = target.shape[0]!;
  const reconstruction = dictionary.decode(batch, codes, input);
  const average = columnMean(batch, {
    x: target,
    fromRow: Math.min(FIRST_JUDGED, rows - 1),
    toRow: rows,
  });
  const errors = reconstructionError(batch, { x: target, xHat: reconstruction, mean: average });
  batch.release(average);
  const columns = ownColumns(dictionary);
  const pass = (edit: Edit, stored: boolean): FinalPass =>
    logits.record(batch, { ids, edits: new Map([[dictionary.hookOut, edit]]), resume }, stored);
  const spliced = pass(
    replaceRows(() => reconstruction, FIRST_JUDGED, columns),
    true,
  );
  // Only its losses are wanted.
  const zeroed = pass(zeroRows(FIRST_JUDGED, columns), false);
  return { errors, spliced, zeroed };
}

/**
 * Compares some rows of the logits of the passes.
 * @param clean   [count, d_vocab] those rows of the clean pass
 * @param cleanLse [count] ln Σ exp of them
 * @param targets [count] next token ids (anything at the last position of a text)
 */
export function compareLogits(
  batch: Batch,
  logits: LogitParts,
  passes: HonestyPasses,
  part: { from: number; count: number },
  { clean, cleanLse, targets }: { clean: Tensor; cleanLse: Tensor; targets: Tensor },
): HonestyTensors {
  batch.scope('honesty');
  const splicedRows = logits.rows(batch, passes.spliced, part);
  const spliced = logits.predict(batch, passes.spliced, part, { targets, k: 0, logits: splicedRows });
  const kl = klRows(batch, { p: clean, q: splicedRows, lse: { p: cleanLse, q: spliced.lse } });
  batch.release(splicedRows, spliced.lse);
  const zeroed = logits.predict(batch, passes.zeroed, part, { targets, k: 0 });
  batch.release(zeroed.lse);
  return { spliced: spliced.logProb, zeroed: zeroed.logProb, kl };
}

/** The layer a pass may resume at so that the hook is still ahead of it; undefined for one before the first layer. */
export function resumeLayer(hook: string, model: Transformer): number | undefined {
  return parseHook(hook, model.config).layer;
}

/**
 * Averages what `recordHonesty` measured.
 * @param arrays read back, of all rows of the text
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
