import type { Dictionary } from '../../dictionary/dictionary.ts';
import type { ReadCodes } from '../../dictionary/room.ts';
import type { Batch } from '../../gpu/batch.ts';
import type { Tensor } from '../../gpu/tensor.ts';
import { type HeldAttention, keepHeld } from '../../model/kv-cache.ts';
import { parseHook } from '../../model/hooks.ts';
import type { Transformer } from '../../model/transformer.ts';
import { type FinalPass, LogitParts } from '../logit-parts.ts';
import type { RowLogits } from './movers.ts';

type Ids = Uint32Array<ArrayBuffer>;

/** What a pass without interventions said of a text once, read back. */
export interface BaseNumbers {
  /** [T] ln p of the token after each row; the last is meaningless. */
  logProb: Float32Array<ArrayBuffer>;
  /** [T] ln Σ exp(logits) */
  lse: Float32Array<ArrayBuffer>;
}

/** What follows one row, of which a slider asks again and again. */
export interface BaseRow {
  row: number;
  logits: RowLogits;
  /** [d_vocab] */
  probs: Float64Array;
}

/** Features at one row. */
export interface BaseCodes {
  dictionary: Dictionary;
  row: number;
  codes: ReadCodes;
}

/** What a pass over the base must give besides what is there already. */
export interface BaseNeeds {
  /** The residual at the input of this layer. */
  layer?: number;
  /** Logits of all rows. */
  logits?: boolean;
  /** What makes the attention patterns, of this layer and all later ones. */
  attention?: number;
  captures?: readonly string[];
}

/** Scratch of the batch, and what is kept from one batch to the next. */
export interface BasePass {
  captures: ReadonlyMap<string, Tensor>;
  /** [T, d_model] at the input of the layer asked for. */
  residual?: Tensor;
  attention?: HeldAttention;
  ends?: Ends;
}

interface KeptAttention {
  /** First layer it holds. */
  from: number;
  held: HeldAttention & Disposable;
}

/** Logits, one tensor for each part; where they take too much room, the final residual they are made of again. */
interface Ends {
  logits?: Tensor[];
  residual?: Tensor;
}

/** Where a hook's layer begins; −1 before the first, n_layers after the last. */
export function layerOf(hook: string, { config }: Transformer): number {
  return parseHook(hook, config).layer ?? (hook.startsWith('ln_final') ? config.nLayers : -1);
}

export const residualHook = (layer: number): string => `blocks.${layer}.hook_resid_pre`;

/**
 * The model as it is over one text, kept on the GPU so that a pass with interventions begins where they do and has
 * something to be compared with. Nothing is computed before it is needed.
 *
 * Tensors a batch made are here for good once `commit` was called; before the next batch, either it or `abandon` must be.
 */
export class Baseline implements Disposable {
  readonly logits: LogitParts;
  numbers: BaseNumbers | undefined;
  row: BaseRow | undefined;
  codes: BaseCodes | undefined;
  /** [n_layers + 1, d_model] of one row: see `lens.ts`. */
  stack: { row: number; tensor: Tensor } | undefined;
  readonly #residuals = new Map<number, Tensor>();
  #ends: Ends | undefined;
  #attention: KeptAttention | undefined;
  readonly #pending: { made: Disposable[]; commit: () => void }[] = [];
  #newest: number | undefined;

  /** @param mostLogitBytes kept; beyond, logits are made anew a part at a time */
  constructor(
    private readonly model: Transformer,
    readonly ids: Ids,
    private readonly mostLogitBytes: number,
    mostPartBytes?: number,
  ) {
    this.logits = new LogitParts(model, ids.length, mostPartBytes);
  }

  /** Bytes on the GPU. */
  get byteLength(): number {
    const layers = [...(this.#attention?.held.layers.values() ?? [])];
    const held = new Set(layers.flatMap(({ q, k }) => [q.tensor, k.tensor]));
    return [...this.#tensors(), ...held].reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  #tensors(): Tensor[] {
    const { logits = [], residual } = this.#ends ?? {};
    const alone = [residual, this.stack?.tensor].filter((tensor) => tensor !== undefined);
    return [...this.#residuals.values(), ...logits, ...alone];
  }

  /** Records what is missing, from as near as something is kept. */
  record(batch: Batch, { layer, logits = false, attention, captures = [] }: BaseNeeds): BasePass {
    const { model, ids } = this;
    this.#newest = layer ?? this.#newest;
    const { nLayers } = model.config;
    const known = layer === undefined ? undefined : this.#residuals.get(layer);
    const hooks = [...captures, ...(layer === undefined || known ? [] : [residualHook(layer)])];
    const wantsEnds = logits && !this.#ends;
    const wantsAttention = attention !== undefined && !(this.#attention && this.#attention.from <= attention);
    const kept = { residual: known, ends: this.#ends, attention: this.#attention?.held };
    if (hooks.length === 0 && !wantsEnds && !wantsAttention) return { ...kept, captures: new Map() };
    const first = Math.min(
      nLayers,
      ...hooks.map((hook) => layerOf(hook, model)),
      wantsAttention ? attention : nLayers,
    );
    const resume = this.#nearest(first);
    const held: HeldAttention = { layers: new Map() };
    const keepAttention = wantsAttention ? held : undefined;
    const plan = { ids, captures: [...new Set(hooks)], resume, keepAttention };
    batch.scope('base');
    const pass: FinalPass = wantsEnds
      ? this.logits.record(batch, plan)
      : model.record(batch, { ...plan, logits: 'none' });
    const found: BasePass = { ...kept, captures: pass.captures };
    if (wantsAttention) found.attention = this.#keepAttention(batch, { from: resume?.layer ?? 0, held });
    if (wantsEnds) found.ends = this.#keepEnds(batch, pass);
    if (layer !== undefined && !known) {
      const residual = batch.keep(pass.captures.get(residualHook(layer))!);
      this.pend([residual], () => this.#residuals.set(layer, residual));
      found.residual = residual;
    }
    return found;
  }

  #keepAttention(batch: Batch, made: { from: number; held: HeldAttention }): HeldAttention {
    const held = keepHeld(batch, made.held);
    this.pend([held], () => {
      this.#attention?.held[Symbol.dispose]();
      this.#attention = { from: made.from, held };
    });
    return held;
  }

  #nearest(layer: number): { layer: number; residual: Tensor } | undefined {
    const from = Math.max(-1, ...[...this.#residuals.keys()].filter((each) => each <= layer));
    return from < 0 ? undefined : { layer: from, residual: this.#residuals.get(from)! };
  }

  #keepEnds(batch: Batch, pass: FinalPass): Ends {
    const { parts } = this.logits;
    const few = parts.length === 1 || 4 * this.ids.length * this.model.config.dVocab <= this.mostLogitBytes;
    const tensors = few
      ? parts.map((part) => batch.keep(this.logits.rows(batch, pass, part)))
      : [batch.keep(pass.residual!)];
    const ends = few ? { logits: tensors } : { residual: tensors[0]! };
    this.pend(tensors, () => (this.#ends = ends));
    return ends;
  }

  /** Logits of a part, to be looked at. */
  rows(batch: Batch, { ends }: BasePass, part: number): { tensor: Tensor; release: () => void } {
    if (ends!.logits) return { tensor: ends!.logits[part]!, release: () => {} };
    const pass = { captures: new Map<string, Tensor>(), residual: ends!.residual };
    const tensor = this.logits.rows(batch, pass, this.logits.parts[part]!);
    return { tensor, release: () => batch.release(tensor) };
  }

  /** What the batch made that will be kept when it has run. */
  pend(made: Disposable[], commit: () => void): void {
    this.#pending.push({ made, commit });
  }

  /** The batch has run. */
  commit(): void {
    for (const { commit } of this.#pending.splice(0)) commit();
  }

  /** The batch has failed, or was given up. */
  abandon(): void {
    for (const { made } of this.#pending.splice(0)) for (const each of made) each[Symbol.dispose]();
  }

  /** Lets go what can be made again: attention, and residuals but the one asked for last. */
  shrink(): void {
    this.#attention?.held[Symbol.dispose]();
    this.#attention = undefined;
    for (const [layer, tensor] of this.#residuals) {
      if (layer === this.#newest) continue;
      tensor.dispose();
      this.#residuals.delete(layer);
    }
  }

  [Symbol.dispose](): void {
    for (const tensor of this.#tensors()) tensor.dispose();
    this.#residuals.clear();
    this.#attention?.held[Symbol.dispose]();
    this.#ends = this.#attention = this.stack = undefined;
  }
}
