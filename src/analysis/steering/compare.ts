import type { Dictionary } from '../../dictionary/dictionary.ts';
import { codeTensors, readCodes, type ReadCodes, withRoom } from '../../dictionary/room.ts';
import type { Batch } from '../../gpu/batch.ts';
import { klRows } from '../../gpu/kernels/kl_rows.ts';
import { logProbGather } from '../../gpu/kernels/log_prob_gather.ts';
import type { Tensor } from '../../gpu/tensor.ts';
import type { HeldAttention } from '../../model/kv-cache.ts';
import type { Transformer } from '../../model/transformer.ts';
import { discarding } from '../discarding.ts';
import type { FinalPass } from '../logit-parts.ts';
import { Reads } from '../reads.ts';
import { ownActivation } from '../site.ts';
import { takeRow } from '../take-row.ts';
import { type Baseline, type BasePass, layerOf } from './baseline.ts';
import type { Baselines } from './baselines.ts';
import { type LikelyTokens, likelyTokens, type Mover, probabilities, topMovers } from './movers.ts';
import { checkOutput } from './overflow.ts';
import { settled } from './settled.ts';
import type { PassEdits, PassRows, Steering } from './steering.ts';

export interface CompareOptions {
  /** Whose next token is predicted. */
  row: number;
  /** Likely next tokens of each side. */
  nextTokens: number;
  /** Tokens whose probability rises, and as many whose falls, most. */
  movers: number;
  /** Whether a steered pass with the base's attention patterns is made, too. */
  frozen: boolean;
  /** Whose features at the row are read on the base and the steered side. */
  dictionary?: Dictionary;
}

/** T rows. */
export interface ComparedSide {
  /** [T] −ln p of each row's own token, nats; NaN in row 0. */
  loss: Float32Array<ArrayBuffer>;
  /** [T] KL(base ‖ this side) of what follows each row, nats. */
  kl: Float32Array<ArrayBuffer>;
  next: LikelyTokens;
  movers: Mover[];
}

export interface ComparedFeature {
  index: number;
  base: number;
  steered: number;
}

export interface Compared {
  base: ComparedSide;
  steered: ComparedSide;
  frozen?: ComparedSide;
  /** Active on either side, by the larger of both activations, ties by lowest number. */
  features?: ComparedFeature[];
  /** Layer the steered pass began at; 0 from the embedding, n_layers when there was nothing to be done. */
  resumedAt: number;
}

/** What follows from interventions, for a pass over a text. */
export type SteeredPass = Pick<Steering, 'firstLayer' | 'atEmbedding' | 'edits'>;

/** The layer a pass begins at, 0 for the embedding as well; undefined when there is nothing to do. */
export function startLayer({ firstLayer, atEmbedding }: SteeredPass, nLayers: number): number | undefined {
  if (atEmbedding) return 0;
  return firstLayer < nLayers ? firstLayer : undefined;
}

/**
 * A text with and without interventions: one submission and one readback of [T] numbers and one row of logits. A text that
 * was compared before costs only the layers from the interventions' on; the first time, or with another first layer, what
 * is missing of the base is made in the same submission. With `frozen` the same layers are run a second time, with the base's
 * queries and keys, which are kept as well: 4 · T · (n_heads + 2 · n_kv_heads) · d_head bytes a layer.
 * @param ids [T] prefix included
 * @throws FacetError `bad-input`, also when the output is no number, `unsupported`, `limits`, `out-of-memory`, `device-lost`
 */
export async function compareText(
  { model, baselines }: { model: Transformer; baselines: Baselines },
  { ids, rows }: { ids: Uint32Array<ArrayBuffer>; rows: PassRows },
  steering: SteeredPass,
  options: CompareOptions,
): Promise<Compared> {
  return baselines.with(ids, (base) =>
    withRoom(options.dictionary, 1, () =>
      settled(() => new Step(model, base, { rows, steering, options }).run()),
    ),
  );
}

type SideName = 'base' | 'steered' | 'frozen';

/** Where a side's arrays are among those read back: a number for each part of the text. */
interface SideReads {
  logProb: number[];
  lse: number[];
  kl: number[];
  row?: number;
}

class Step {
  readonly #reads = new Reads();
  readonly #sides = new Map<SideName, SideReads>();
  readonly #codes = new Map<SideName, number[]>();
  readonly #edits: { edits: PassEdits; at: number[] }[] = [];
  /** Undefined when the interventions change nothing. */
  readonly #layer: number | undefined;

  constructor(
    private readonly model: Transformer,
    private readonly base: Baseline,
    private readonly asked: { rows: PassRows; steering: SteeredPass; options: CompareOptions },
  ) {
    this.#layer = startLayer(asked.steering, model.config.nLayers);
  }

  /** @returns undefined when it must be done again */
  async run(): Promise<{ result: Compared; read: readonly ReadCodes[] } | undefined> {
    const { model, base } = this;
    const batch = model.gpu.batch('compare');
    discarding(batch, () => this.#record(batch));
    const { arrays } = await batch.submit(this.#reads.tensors);
    base.commit();
    this.#reads.fill(arrays);
    const enough = this.#edits.map(({ edits, at }) => edits.settle(at.map((index) => this.#reads.at(index))));
    if (enough.includes(false)) return undefined;
    return this.#summarize();
  }

  #record(batch: Batch): void {
    const { base } = this;
    const { dictionary, frozen } = this.asked.options;
    const uncoded = this.#knownCodes() ? undefined : dictionary;
    const basePass = base.record(batch, {
      logits: true,
      // From the embedding nothing can be resumed.
      layer: this.asked.steering.atEmbedding ? undefined : this.#layer,
      attention: frozen ? this.#layer : undefined,
      captures: uncoded ? [uncoded.hook] : [],
    });
    if (uncoded) this.#encode(batch, 'base', uncoded, basePass.captures);
    const passes = new Map<SideName, FinalPass>();
    if (this.#layer !== undefined) {
      passes.set('steered', this.#steer(batch, basePass));
      if (frozen) passes.set('frozen', this.#steer(batch, basePass, basePass.attention));
    }
    const steered = passes.get('steered');
    if (dictionary && steered?.captures.has(dictionary.hook))
      this.#encode(batch, 'steered', dictionary, steered.captures);
    this.#lookAt(batch, basePass, passes);
  }

  #knownCodes(): ReadCodes | undefined {
    const { dictionary, row } = this.asked.options;
    const { codes } = this.base;
    return codes?.dictionary === dictionary && codes?.row === row ? codes.codes : undefined;
  }

  #steer(batch: Batch, { residual }: BasePass, holdAttention?: HeldAttention): FinalPass {
    const { model, base } = this;
    const { rows, steering, options } = this.asked;
    const edits = steering.edits(rows);
    const layer = this.#layer!;
    const from = steering.atEmbedding ? -1 : layer;
    const hook = options.dictionary?.hook;
    batch.scope('steered');
    const pass = base.logits.record(batch, {
      ids: base.ids,
      edits: edits.edits,
      resume: steering.atEmbedding ? undefined : { layer, residual: residual! },
      holdAttention,
      captures: hook !== undefined && layerOf(hook, model) >= from ? [hook] : [],
    });
    this.#edits.push({ edits, at: edits.reads().map((tensor) => this.#reads.want(tensor)) });
    return pass;
  }

  #encode(batch: Batch, side: SideName, dictionary: Dictionary, captures: ReadonlyMap<string, Tensor>): void {
    batch.scope('dictionary');
    const row = takeRow(batch, captures.get(dictionary.hook)!, this.asked.options.row);
    const codes = dictionary.encode(batch, ownActivation(batch, dictionary, row));
    this.#codes.set(
      side,
      codeTensors(codes).map((tensor) => this.#reads.want(tensor)),
    );
  }

  /** Losses, divergences and the row's logits, a part of the text at a time. */
  #lookAt(batch: Batch, basePass: BasePass, passes: ReadonlyMap<SideName, FinalPass>): void {
    const { base } = this;
    const { row } = this.asked.options;
    const next = new Uint32Array(base.ids.length);
    next.set(base.ids.subarray(1));
    for (const name of ['base', ...passes.keys()] as const)
      this.#sides.set(name, { logProb: [], lse: [], kl: [] });
    base.logits.parts.forEach((part, index) => {
      batch.scope('predictions');
      const { from, count } = part;
      const targets = batch.input(next.slice(from, from + count), [count]);
      const here = row >= from && row < from + count;
      const clean = base.rows(batch, basePass, index);
      const own = this.#sides.get('base')!;
      const { numbers } = base;
      const cleanLse = numbers
        ? batch.input(numbers.lse.slice(from, from + count), [count])
        : this.#gather(batch, own, clean.tensor, targets);
      if (here && base.row?.row !== row) own.row = this.#reads.want(takeRow(batch, clean.tensor, row - from));
      for (const [name, pass] of passes) {
        const side = this.#sides.get(name)!;
        const tensor = base.logits.rows(batch, pass, part);
        const lse = { p: cleanLse, q: this.#gather(batch, side, tensor, targets) };
        side.kl.push(this.#reads.want(klRows(batch, { p: clean.tensor, q: tensor, lse })));
        if (here) side.row = this.#reads.want(takeRow(batch, tensor, row - from));
        batch.release(tensor);
      }
      clean.release();
      batch.release(targets);
    });
  }

  /** @returns [count] ln Σ exp of each row */
  #gather(batch: Batch, side: SideReads, logits: Tensor, targets: Tensor): Tensor {
    const { logProb, lse } = logProbGather(batch, { logits, targets });
    side.logProb.push(this.#reads.want(logProb));
    side.lse.push(this.#reads.want(lse));
    return lse;
  }

  #summarize(): { result: Compared; read: readonly ReadCodes[] } {
    const { base } = this;
    const { row, nextTokens, movers } = this.asked.options;
    const reads = this.#reads;
    const own = this.#sides.get('base')!;
    base.numbers ??= { logProb: reads.floats(own.logProb), lse: reads.floats(own.lse) };
    const { numbers } = base;
    if (own.row !== undefined) {
      const logits = { logits: reads.floats([own.row]), lse: numbers.lse[row]! };
      base.row = { row, logits, probs: probabilities(logits) };
    }
    const before = base.row!;
    const length = base.ids.length;
    const baseSide: ComparedSide = {
      loss: lossOf(numbers.logProb),
      kl: new Float32Array(length),
      next: likelyTokens(before.logits, nextTokens),
      movers: [],
    };
    const side = (name: SideName): ComparedSide => {
      const at = this.#sides.get(name);
      if (!at) return structuredClone(baseSide);
      const lse = reads.floats(at.lse);
      checkOutput(lse);
      const logits = { logits: reads.floats([at.row!]), lse: lse[row]! };
      return {
        loss: lossOf(reads.floats(at.logProb)),
        kl: reads.floats(at.kl),
        next: likelyTokens(logits, nextTokens),
        movers: topMovers(before.probs, probabilities(logits), movers),
      };
    };
    const codesOf = (name: SideName): ReadCodes | undefined => {
      const at = this.#codes.get(name);
      return (
        at &&
        readCodes(
          at.map((index) => reads.at(index)),
          1,
        )
      );
    };
    const baseCodes = codesOf('base') ?? this.#knownCodes();
    const steeredCodes = codesOf('steered') ?? baseCodes;
    const { dictionary } = this.asked.options;
    if (dictionary && baseCodes && baseCodes.most <= baseCodes.room)
      base.codes = { dictionary, row, codes: baseCodes };
    const result: Compared = {
      base: baseSide,
      steered: side('steered'),
      frozen: this.asked.options.frozen ? side('frozen') : undefined,
      features: baseCodes && steeredCodes && featuresOf(baseCodes, steeredCodes),
      resumedAt: this.#layer ?? this.model.config.nLayers,
    };
    return { result, read: [baseCodes, steeredCodes].filter((codes) => codes !== undefined) };
  }
}

/** @param logProb [T] of the token after each row. @returns [T] */
function lossOf(logProb: Float32Array): Float32Array<ArrayBuffer> {
  return Float32Array.from(logProb, (_, row) => (row === 0 ? NaN : -logProb[row - 1]!));
}

function featuresOf(base: ReadCodes, steered: ReadCodes): ComparedFeature[] {
  const found = new Map<number, ComparedFeature>();
  for (const [side, { codes }] of [
    ['base', base],
    ['steered', steered],
  ] as const) {
    codes.indices.forEach((index, i) => {
      const feature = found.get(index) ?? { index, base: 0, steered: 0 };
      feature[side] = codes.values[i]!;
      found.set(index, feature);
    });
  }
  const size = (feature: ComparedFeature): number => Math.max(feature.base, feature.steered);
  return [...found.values()].sort((a, b) => size(b) - size(a) || a.index - b.index);
}
