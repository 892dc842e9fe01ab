import type { Batch } from '../gpu/batch.ts';
import type { Tensor } from '../gpu/tensor.ts';
import type { RunPlan } from '../model/run-plan.ts';
import type { Transformer } from '../model/transformer.ts';

/** Most bytes of logits of one pass that exist at once. Three passes are looked at, so up to three times this is needed. */
const MOST_BYTES = 10 * 2 ** 20;

/** A pass whose logits are to be looked at: all of them, or what they are made from. */
export interface FinalPass {
  captures: Map<string, Tensor>;
  logits?: Tensor;
  residual?: Tensor;
}

/**
 * Logits of a text, as many rows at a time as there is memory for. A small vocabulary needs one part, whose logits the
 * pass itself gives; for a large one each part is unembedded from the final residual when it is looked at.
 */
export class LogitParts {
  readonly parts: readonly { from: number; count: number }[];
  readonly #last: string;

  constructor(
    private readonly model: Transformer,
    length: number,
    mostBytes = MOST_BYTES,
  ) {
    const { dVocab, nLayers } = model.config;
    const step = Math.max(1, Math.min(length, Math.floor(mostBytes / (4 * dVocab))));
    this.parts = Array.from({ length: Math.ceil(length / step) }, (_, part) => ({
      from: part * step,
      count: Math.min(step, length - part * step),
    }));
    this.#last = `blocks.${nLayers - 1}.hook_resid_post`;
  }

  get #whole(): boolean {
    return this.parts.length === 1;
  }

  /** Records a pass so that `rows` can be asked for. */
  record(batch: Batch, plan: Omit<RunPlan, 'logits'>): FinalPass {
    if (this.#whole) return this.model.record(batch, { ...plan, logits: 'all' });
    const captures = [...new Set([...(plan.captures ?? []), this.#last])];
    const run = this.model.record(batch, { ...plan, captures, logits: 'none' });
    return { captures: run.captures, residual: run.captures.get(this.#last) };
  }

  /** @returns scratch [count, d_vocab], for the caller to release */
  rows(batch: Batch, pass: FinalPass, { from, count }: { from: number; count: number }): Tensor {
    return pass.logits ?? this.model.unembed(batch, pass.residual!, from, count);
  }
}
