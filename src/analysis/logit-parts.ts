import type { Batch } from '../gpu/batch.ts';
import { logProbGather } from '../gpu/kernels/log_prob_gather.ts';
import { topKRows } from '../gpu/kernels/topk_rows.ts';
import type { Tensor } from '../gpu/tensor.ts';
import type { RunPlan } from '../model/run-plan.ts';
import type { Transformer } from '../model/transformer.ts';
import type { Predictions } from '../model/unembed.ts';

/** Most bytes of logits of one pass that exist at once. Three passes are looked at, so up to three times this is needed. */
const MOST_BYTES = 10 * 2 ** 20;

/** A pass whose logits are to be looked at: all of them, or what they are made from. */
export interface FinalPass {
  captures: Map<string, Tensor>;
  logits?: Tensor;
  residual?: Tensor;
}

/** `predict` keeps an eighth of the logits: two numbers for each 16. */
const PREDICTED_SHARE = 1 / 8;

/** The part of a text that is looked at at once. */
type Part = { from: number; count: number };

/**
 * Logits of a text, as many rows at a time as there is memory for. A small vocabulary needs one part, whose logits the
 * pass itself gives; for a large one each part is unembedded from the final residual when it is looked at. Where only
 * probabilities of known tokens and likely tokens are wanted, logits are never stored.
 */
export class LogitParts {
  readonly parts: readonly Part[];
  readonly #last: string;

  constructor(
    private readonly model: Transformer,
    length: number,
    mostBytes = MOST_BYTES,
    /** Whether logits themselves are looked at, of any pass. */
    readonly stored = true,
  ) {
    const { dVocab, nLayers } = model.config;
    const step = Math.max(
      1,
      Math.min(length, Math.floor(mostBytes / (4 * dVocab * (stored ? 1 : PREDICTED_SHARE)))),
    );
    this.parts = Array.from({ length: Math.ceil(length / step) }, (_, part) => ({
      from: part * step,
      count: Math.min(step, length - part * step),
    }));
    this.#last = `blocks.${nLayers - 1}.hook_resid_post`;
  }

  get #whole(): boolean {
    return this.parts.length === 1;
  }

  /** Records a pass so that `rows` can be asked for, or, unless `stored`, that `predict` costs the least. */
  record(batch: Batch, plan: Omit<RunPlan, 'logits'>, stored = this.stored): FinalPass {
    if (this.#whole && stored) return this.model.record(batch, { ...plan, logits: 'all' });
    const captures = [...new Set([...(plan.captures ?? []), this.#last])];
    const run = this.model.record(batch, { ...plan, captures, logits: 'none' });
    return { captures: run.captures, residual: run.captures.get(this.#last) };
  }

  /** @returns scratch [count, d_vocab], for the caller to release */
  rows(batch: Batch, pass: FinalPass, { from, count }: Part): Tensor {
    return pass.logits ?? this.model.unembed(batch, pass.residual!, from, count);
  }

  /**
   * What rows predict, from their logits where those are at hand.
   * @param asked.targets [count] u32; @param asked.k likely tokens a row; @param asked.logits [count, d_vocab]
   * @returns scratch
   */
  predict(
    batch: Batch,
    pass: FinalPass,
    part: Part,
    { targets, k, logits = pass.logits }: { targets: Tensor; k: number; logits?: Tensor },
  ): Predictions {
    if (!logits) return this.model.predict(batch, pass.residual!, part, { targets, k });
    const sums = logProbGather(batch, { logits, targets });
    return k === 0 ? sums : { ...sums, top: topKRows(batch, { x: logits, k }) };
  }

  /** Log-probabilities of the tokens after each row, a tensor for each part; gives back what the pass holds. */
  nextLogProbs(batch: Batch, pass: FinalPass, ids: Uint32Array<ArrayBuffer>): Tensor[] {
    const next = new Uint32Array(ids.length);
    next.set(ids.subarray(1));
    const found = this.parts.map((part) => {
      const targets = batch.input(next.slice(part.from, part.from + part.count), [part.count]);
      const { logProb, lse } = this.predict(batch, pass, part, { targets, k: 0 });
      batch.release(targets, lse);
      return logProb;
    });
    batch.release(pass.residual, pass.logits);
    return found;
  }
}
