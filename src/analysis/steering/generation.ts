import type { Batch, ReadArray } from '../../gpu/batch.ts';
import { klRows } from '../../gpu/kernels/kl_rows.ts';
import { logProbGather } from '../../gpu/kernels/log_prob_gather.ts';
import type { Tensor } from '../../gpu/tensor.ts';
import type { HeldAttention, KvCache } from '../../model/kv-cache.ts';
import type { RunPlan } from '../../model/run-plan.ts';
import type { Transformer } from '../../model/transformer.ts';
import { FacetError } from '../../shared/errors.ts';
import { takeRow } from '../take-row.ts';
import { droppedRows } from './context.ts';
import { checkOutput } from './overflow.ts';
import { chooseAt, drawOf, nextDistribution, type Sampling } from './sampling.ts';
import { settled } from './settled.ts';
import type { PassEdits, Steering } from './steering.ts';

/** Most rows of a prompt read at once, so that a piece of work stays short. */
const MOST_ROWS = 256;
/** Most bytes of logits of one pass at once. */
const MOST_LOGIT_BYTES = 10 * 2 ** 20;

export interface GenerationSetup {
  model: Transformer;
  /** Rows of the prompt, of any number; `prefix` of them stay when the context is full. */
  prompt: { ids: ArrayLike<number>; special: readonly boolean[]; prefix: number };
  /** Without: the model as it is. */
  steering?: Steering;
  /** Attention patterns are those of the model as it is, over the same tokens. */
  frozen?: boolean;
  sampling: Sampling;
  /** Rows the model reads at once, at most its `nCtx`. */
  context: number;
  /** Ids from here on are never chosen. */
  vocabSize: number;
  isSpecial: (id: number) => boolean;
  /** Tokens generated before, which are continued as if nothing had come between. */
  after?: readonly number[];
  /** Whether keys and values are kept; else every token reads everything again. Default true. */
  cached?: boolean;
}

/** A token that was generated, and what was thought of it. */
export interface GeneratedStep {
  id: number;
  /** ln of the probability it was given, before temperature, cuts and penalty. */
  logProb: number;
  /** −ln p under the model as it is, over the same rows. nats */
  baseLoss: number;
  /** KL(model as it is ‖ this one) of what follows the same rows. nats */
  kl: number;
}

/** Rows of the window, as places in it, that a piece of work reads, and how many of the last are looked at. */
interface Piece {
  dropped: number;
  from: number;
  to: number;
  looked: number;
}

/** What a pass says of the looked-at rows, once it has run. */
interface Looked {
  /** ln of the probability of the token after each row, where that is known. */
  logProb: () => ReadArray;
  lse: () => ReadArray;
  /** Logits of the last row, when the token after it is to be chosen. */
  last?: () => ReadArray;
}

/**
 * A text that grows. A steered one is read by the model as it is as well, in the same submission: the steered pass goes on
 * from its residual stream at the first layer that differs, holds its attention if asked to, and is compared with it.
 */
export class Generation implements Disposable {
  /** Those of `after` first; filled by `next`. */
  readonly steps: GeneratedStep[] = [];
  readonly #ids: number[];
  readonly #special: boolean[];
  readonly #promptRows: number;
  readonly #base: KvCache | undefined;
  readonly #arm: KvCache | undefined;
  /** The layer the steered pass goes on from; 0: it reads everything itself. */
  readonly #firstLayer: number;
  /** Of the rows in the caches. */
  #dropped = 0;

  constructor(private readonly setup: GenerationSetup) {
    const { prompt, after = [], model, steering, cached = true } = setup;
    if (prompt.ids.length === 0) throw new FacetError('bad-input', 'There is no text to continue.');
    this.#promptRows = prompt.ids.length;
    this.#ids = [...Array.from(prompt.ids), ...after];
    this.#special = [...prompt.special, ...after.map(setup.isSpecial)];
    this.#firstLayer =
      steering && !steering.atEmbedding ? Math.min(steering.firstLayer, model.config.nLayers - 1) : 0;
    if (!cached) return;
    this.#base = model.cache();
    this.#arm = steering && model.cache(this.#firstLayer);
  }

  /** Tokens dropped from behind the prefix where the last token was chosen. */
  get dropped(): number {
    return this.#droppedAt(this.#promptRows + Math.max(0, this.steps.length - 1));
  }

  /**
   * One piece of work, a submission: part of a long prompt, or of `after`, or the next token.
   * @returns tokens that are new; none while the prompt and `after` are read
   * @throws FacetError as a pass; `bad-input` when the model's output is no number. What was generated so far stays, and
   *   `next` may be tried again
   */
  async next(): Promise<GeneratedStep[]> {
    const piece = this.#piece();
    const found = await settled(() => this.#read(piece));
    const known = this.#ids.length - this.#promptRows;
    for (const step of found) {
      if (this.steps.length === known) {
        this.#ids.push(step.id);
        this.#special.push(this.setup.isSpecial(step.id));
      }
      this.steps.push(step);
    }
    return this.steps.slice(known);
  }

  #droppedAt(rows: number): number {
    return droppedRows(rows, { prefix: this.setup.prompt.prefix, context: this.setup.context });
  }

  #piece(): Piece {
    const before = this.#promptRows + this.steps.length;
    const dropped = this.#droppedAt(before);
    const wanted = before - dropped;
    if (!this.#base) return { dropped, from: 0, to: wanted, looked: 1 };
    if (dropped !== this.#dropped) this.#truncate(0);
    this.#dropped = dropped;
    const from = this.#base.length;
    // With the next tokens known, all rows from the last before them on are looked at, as long as the window is the same.
    const known = Math.min(this.#ids.length - dropped, this.setup.context);
    if (from === wanted - 1) {
      const room = Math.max(1, Math.floor(MOST_LOGIT_BYTES / (4 * this.setup.model.config.dVocab)));
      const to = Math.min(known, from + Math.min(room, MOST_ROWS));
      return { dropped, from, to, looked: to - from };
    }
    const to = Math.min(from + MOST_ROWS, known > wanted ? wanted - 1 : wanted);
    return { dropped, from, to, looked: to === wanted ? 1 : 0 };
  }

  #truncate(length: number): void {
    this.#base?.truncate(length);
    this.#arm?.truncate(length);
  }

  /** @returns undefined when it must be done again */
  async #read(piece: Piece): Promise<GeneratedStep[] | undefined> {
    const { model } = this.setup;
    const length = this.#base?.length ?? 0;
    await this.#base?.reserve(piece.to);
    await this.#arm?.reserve(piece.to);
    const batch = model.gpu.batch('generate');
    try {
      const tensors: Tensor[] = [];
      let arrays: readonly ReadArray[] = [];
      const want = (tensor: Tensor): (() => ReadArray) => {
        const at = tensors.push(tensor) - 1;
        return () => arrays[at]!;
      };
      const { look, made } = this.#record(batch, piece, want);
      const from = tensors.length;
      tensors.push(...(made?.reads() ?? []));
      ({ arrays } = await batch.submit(tensors));
      if (made?.settle(arrays.slice(from)) ?? true) return look();
      this.#truncate(length);
      return undefined;
    } catch (thrown) {
      batch.discard();
      this.#truncate(length);
      throw thrown;
    }
  }

  /** @returns `look` gives the tokens after the looked-at rows, once the batch has run */
  #record(
    batch: Batch,
    { dropped, from, to, looked }: Piece,
    want: (tensor: Tensor) => () => ReadArray,
  ): { look: () => GeneratedStep[]; made?: PassEdits } {
    const { model, steering, frozen, prompt } = this.setup;
    const rows = Array.from({ length: to - from }, (_, i) =>
      from + i < prompt.prefix ? from + i : from + i + dropped,
    );
    const ids = Uint32Array.from(rows, (row) => this.#ids[row]!);
    const next = Uint32Array.from(rows.slice(rows.length - looked), (row) => this.#ids[row + 1] ?? 0);
    const chooses = looked > 0 && to + dropped === this.#ids.length;
    const logits = looked === 0 ? 'none' : looked === 1 ? 'last' : 'all';
    const held: HeldAttention | undefined = steering && frozen ? { layers: new Map() } : undefined;
    const shared = `blocks.${this.#firstLayer}.hook_resid_pre`;
    const captures = this.#firstLayer > 0 ? [shared] : [];
    const plan: RunPlan = { ids, logits };
    const base = model.record(batch, { ...plan, captures, keepAttention: held, cache: this.#base });
    let made: PassEdits | undefined;
    let arm = base;
    if (steering) {
      const special = rows.map((row) => this.#special[row]!);
      made = steering.edits({ rows, special, promptRows: this.#promptRows });
      const residual = base.captures.get(shared);
      arm = model.record(batch, {
        ...plan,
        edits: made.edits,
        resume: residual && { layer: this.#firstLayer, residual },
        holdAttention: held,
        cache: this.#arm,
      });
    }
    if (looked === 0) return { look: () => [], made };
    const looks = (pass: Tensor): Looked => {
      const { logProb, lse } = logProbGather(batch, { logits: pass, targets: batch.input(next, [looked]) });
      const last = chooses ? want(looked === 1 ? pass : takeRow(batch, pass, looked - 1)) : undefined;
      return { logProb: want(logProb), lse: want(lse), last };
    };
    const ofBase = looks(base.logits!);
    const ofArm = steering ? looks(arm.logits!) : ofBase;
    const kl = steering && want(klRows(batch, { p: base.logits!, q: arm.logits! }));
    const look = (): GeneratedStep[] =>
      Array.from(next, (known, i) => {
        checkOutput([ofArm.lse()[i]!]);
        const isChosen = chooses && i === looked - 1;
        const id = isChosen ? this.#choose(ofArm.last!() as Float32Array) : known;
        const logProb = ({ last, logProb: gathered, lse: sum }: Looked): number =>
          isChosen ? last!()[id]! - sum()[i]! : gathered()[i]!;
        return { id, logProb: logProb(ofArm), baseLoss: -logProb(ofBase), kl: kl?.()[i] ?? 0 };
      });
    return { look, made };
  }

  #choose(logits: Float32Array): number {
    const { sampling, vocabSize } = this.setup;
    const step = this.#ids.length - this.#promptRows;
    return chooseAt(nextDistribution(logits, sampling, this.#ids, vocabSize), drawOf(sampling.seed, step));
  }

  [Symbol.dispose](): void {
    this.#base?.[Symbol.dispose]();
    this.#arm?.[Symbol.dispose]();
  }
}
