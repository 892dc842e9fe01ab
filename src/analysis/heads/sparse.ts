import { everything, joinHeads, type PairMask, type PairShape } from '../../attention/pair-mask.ts';
import type { AttentionPattern, HeadInput } from '../../attention/pattern.ts';
import type { Dictionary } from '../../dictionary/dictionary.ts';
import { codeTensors, readCodes, withRoom } from '../../dictionary/room.ts';
import type { Batch, ReadArray } from '../../gpu/batch.ts';
import type { BlockMask } from '../../gpu/block-mask.ts';
import { klRows } from '../../gpu/kernels/kl_rows.ts';
import { logProbGather } from '../../gpu/kernels/log_prob_gather.ts';
import type { Tensor } from '../../gpu/tensor.ts';
import { parseHook } from '../../model/hooks.ts';
import type { Transformer } from '../../model/transformer.ts';
import { FacetError } from '../../shared/errors.ts';
import { LogitParts } from '../logit-parts.ts';
import { ownActivation } from '../site.ts';
import {
  compareFeatures,
  type FeatureChanges,
  maskBytes,
  maskFigures,
  type MaskFigures,
} from './sparse-figures.ts';

/** A pattern with its parameters, all given. */
export interface HeadChoice {
  pattern: AttentionPattern;
  parameters: Readonly<Record<string, number>>;
  budget?: number;
}

export interface SparsePlan {
  ids: Uint32Array<ArrayBuffer>;
  blockSize: number;
  /** What a head is under; undefined: dense. */
  choice(layer: number, head: number): HeadChoice | undefined;
  /** Whether a head's mask and dense pattern are wanted in full. */
  wantsMask(layer: number, head: number): boolean;
  dictionary?: Dictionary;
  /** Most features that changed to name. */
  features: number;
  /** Most bytes of logits at once; see `LogitParts`. */
  mostLogitBytes?: number;
}

/** How a long analysis gives way and says where it is. */
export interface Pace {
  turn: <Result>(work: () => Promise<Result>) => Promise<Result>;
  onProgress: (done: number, total: number) => void;
}

export interface SparseResult {
  /** [T] −ln p(token t | before), nats; NaN in row 0. */
  loss: Float32Array<ArrayBuffer>;
  lossSparse: Float32Array<ArrayBuffer>;
  /** [T] KL(dense ‖ sparse) of the next-token distribution, nats. */
  kl: Float32Array<ArrayBuffer>;
  /** Share of the blocks of dense attention visited over all heads. */
  visited: number;
  features?: FeatureChanges;
  heads: ({ layer: number; head: number; pattern: string } & MaskFigures)[];
  masks: { layer: number; head: number; mask: Uint8Array<ArrayBuffer>; dense: Float32Array<ArrayBuffer> }[];
}

/** What two models hold after a layer; one and the same tensor until their attention first differs. */
interface Streams {
  dense?: Tensor;
  sparse?: Tensor;
}

/**
 * A text with some heads under sparse patterns beside itself with dense attention. Goes layer by layer, so that patterns
 * which look at queries and keys see those of the sparse model itself, and so that no more than one layer's patterns
 * exist at once. Figures of masks are against the dense model's pattern.
 * @throws FacetError `bad-input`, `limits`, `cancelled`
 */
export async function sparsify(model: Transformer, plan: SparsePlan, pace: Pace): Promise<SparseResult> {
  const { config } = model;
  const { nLayers, nHeads } = config;
  const run = new LayerRun(model, plan);
  const steps = nLayers + 1;
  let visited = 0;
  try {
    for (let layer = 0; layer < nLayers; layer++) {
      pace.onProgress(layer, steps);
      visited += await run.layer(layer, pace);
    }
    pace.onProgress(nLayers, steps);
    const features = plan.dictionary && (await pace.turn(() => run.features(plan.dictionary!)));
    const losses = await run.compare(pace);
    pace.onProgress(steps, steps);
    return { ...losses, visited: visited / (nLayers * nHeads), features, heads: run.heads, masks: run.masks };
  } finally {
    run[Symbol.dispose]();
  }
}

class LayerRun implements Disposable {
  readonly heads: SparseResult['heads'] = [];
  readonly masks: SparseResult['masks'] = [];
  readonly #featureLayer: number;
  #streams: Streams = {};
  /** Activations the dictionary reads. */
  #inputs: Streams = {};

  constructor(
    private readonly model: Transformer,
    private readonly plan: SparsePlan,
  ) {
    const { hook } = plan.dictionary ?? {};
    // What comes before the first layer is read with it, what comes after the last with that.
    this.#featureLayer =
      hook === undefined
        ? -1
        : (parseHook(hook, model.config).layer ??
          (hook.startsWith('ln_final') ? model.config.nLayers - 1 : 0));
  }

  /** @returns the shares of blocks visited, added up over the layer's heads */
  async layer(layer: number, { turn }: Pace): Promise<number> {
    const { nHeads } = this.model.config;
    const name = (hook: string): string => `blocks.${layer}.${hook}`;
    const [after, patternHook] = [name('hook_resid_post'), name('attn.hook_pattern')];
    const choices = Array.from({ length: nHeads }, (_, head) => this.plan.choice(layer, head));
    const chosen = choices.some((choice) => choice !== undefined);
    const wanted = choices.some((_, head) => this.plan.wantsMask(layer, head));
    const looked = chosen || wanted;
    const before = this.#streams;
    const input = layer === this.#featureLayer ? this.plan.dictionary!.hook : undefined;
    const keep = [...new Set([after, ...(input === undefined ? [] : [input])])];

    const dense = await turn(() =>
      this.#pass(layer, before.dense, { read: looked ? [patternHook] : [], keep }),
    );
    const take = (side: keyof Streams, kept: ReadonlyMap<string, Tensor>): void => {
      this.#streams = { ...this.#streams, [side]: kept.get(after)! };
      if (input !== undefined) this.#inputs = { ...this.#inputs, [side]: kept.get(input)! };
    };
    this.#streams = { sparse: before.sparse };
    take('dense', dense.kept);
    if (before.dense !== before.sparse) this.#drop(before.dense);

    const pattern = dense.read.get(patternHook);
    const same = before.dense === before.sparse;
    const masks = looked
      ? await this.#build(layer, choices, {
          before: before.sparse,
          densePattern: same ? pattern : undefined,
          turn,
        })
      : undefined;
    if (chosen || !same) {
      const mask = chosen ? joinHeads(masks!) : undefined;
      const sparse = await turn(() => this.#pass(layer, before.sparse, { read: [], keep, mask }));
      this.#drop(before.sparse);
      take('sparse', sparse.kept);
    } else {
      this.#drop(before.sparse);
      take('sparse', dense.kept);
    }
    if (!masks) return nHeads;
    return this.#figures(layer, choices, masks, pattern!);
  }

  /** Gives a stream back, unless the dictionary is still to read it. */
  #drop(tensor: Tensor | undefined): void {
    if (tensor !== this.#inputs.dense && tensor !== this.#inputs.sparse) tensor?.dispose();
  }

  /** Figures of every head under a pattern, and the masks that are wanted. */
  #figures(
    layer: number,
    choices: (HeadChoice | undefined)[],
    masks: PairMask[],
    pattern: Float32Array,
  ): number {
    const size = this.plan.ids.length ** 2;
    let visited = 0;
    masks.forEach((mask, head) => {
      const own = pattern.subarray(head * size, (head + 1) * size);
      const choice = choices[head];
      const figures = choice && maskFigures(mask, own);
      visited += figures?.visited ?? 1;
      if (figures) this.heads.push({ layer, head, pattern: choice.pattern.id, ...figures });
      if (this.plan.wantsMask(layer, head))
        this.masks.push({ layer, head, mask: maskBytes(mask), dense: Float32Array.from(own) });
    });
    return visited;
  }

  /** Masks of a layer's heads, from what their patterns look at in the sparse model. */
  async #build(
    layer: number,
    choices: readonly (HeadChoice | undefined)[],
    at: { before: Tensor | undefined; densePattern?: Float32Array; turn: Pace['turn'] },
  ): Promise<PairMask[]> {
    const { config } = this.model;
    const { nHeads, nKvHeads, dHead, attentionScale: scale, attentionCap: cap } = config;
    const { window, rope } = config.layers[layer]!;
    const length = this.plan.ids.length;
    const looksAt = new Set(choices.map((choice) => choice?.pattern.looksAt));
    const [q, k] = (['q', 'k'] as const).map(
      (which) => `blocks.${layer}.attn.hook_${rope ? 'rot_' : ''}${which}`,
    );
    const patternHook = `blocks.${layer}.attn.hook_pattern`;
    if (looksAt.has('queries-and-keys') && config.qkNorm && !rope)
      throw new FacetError('unsupported', `Queries of layer ${layer} cannot be read after their norm.`);
    const read = [
      ...(looksAt.has('queries-and-keys') ? [q!, k!] : []),
      ...(looksAt.has('pattern') && !at.densePattern ? [patternHook] : []),
    ];
    const found =
      read.length > 0
        ? (await at.turn(() => this.#pass(layer, at.before, { read, keep: [] }))).read
        : undefined;
    const patterns = at.densePattern ?? found?.get(patternHook);
    const shape: PairShape = {
      nQueries: length,
      nKeys: length,
      queryOffset: 0,
      blockSize: this.plan.blockSize,
      window,
    };
    const shared = new Map<HeadChoice, PairMask>();
    let dense: PairMask | undefined;
    return choices.map((choice, head) => {
      if (!choice) return (dense ??= everything(shape));
      const made = shared.get(choice);
      if (made) return made;
      const input: HeadInput = { ...shape };
      if (choice.pattern.looksAt === 'queries-and-keys') {
        input.heads = {
          q: columns(found!.get(q!)!, nHeads, head, dHead),
          k: columns(found!.get(k!)!, nKvHeads, Math.floor((head * nKvHeads) / nHeads), dHead),
          dHead, scale, cap,
        }; // oxfmt-ignore
      }
      if (choice.pattern.looksAt === 'pattern')
        input.pattern = patterns!.subarray(head * length ** 2, (head + 1) * length ** 2);
      const mask = choice.pattern.build(input, choice.parameters, choice.budget);
      if (choice.pattern.looksAt === 'positions') shared.set(choice, mask);
      return mask;
    });
  }

  /** One layer from what comes before it. @returns arrays of `read`, and tensors of `keep` for the caller to dispose */
  async #pass(
    layer: number,
    residual: Tensor | undefined,
    { read, keep, mask }: { read: string[]; keep: string[]; mask?: BlockMask },
  ): Promise<{ read: Map<string, Float32Array<ArrayBuffer>>; kept: Map<string, Tensor> }> {
    const batch = this.model.gpu.batch('sparse');
    const kept = new Map<string, Tensor>();
    try {
      const { captures } = this.model.record(batch, {
        ids: this.plan.ids,
        captures: [...read, ...keep],
        resume: residual && { layer, residual },
        masks: mask && new Map([[layer, mask]]),
      });
      for (const name of keep) kept.set(name, batch.keep(ownCopy(batch, captures.get(name)!, residual)));
      const { arrays } = await batch.submit(read.map((name) => captures.get(name)!));
      return { read: new Map(read.map((name, i) => [name, arrays[i] as Float32Array<ArrayBuffer>])), kept };
    } catch (thrown) {
      batch.discard();
      for (const tensor of kept.values()) tensor.dispose();
      throw thrown;
    }
  }

  /** The dictionary's features of both. */
  features(dictionary: Dictionary): Promise<FeatureChanges> {
    const { ids, features } = this.plan;
    return withRoom(dictionary, ids.length, async () => {
      const batch = this.model.gpu.batch('sparse features');
      try {
        const codes = (['dense', 'sparse'] as const).map((side) =>
          codeTensors(dictionary.encode(batch, ownActivation(batch, dictionary, this.#inputs[side]!))),
        );
        const { arrays } = await batch.submit(codes.flat());
        const read = [arrays.slice(0, codes[0]!.length), arrays.slice(codes[0]!.length)].map((own) =>
          readCodes(own, ids.length),
        );
        return { result: compareFeatures(read[0]!.codes, read[1]!.codes, features), read };
      } catch (thrown) {
        batch.discard();
        throw thrown;
      }
    });
  }

  /** Losses and divergence, a part of the logits a turn. */
  async compare({ turn }: Pace): Promise<Pick<SparseResult, 'loss' | 'lossSparse' | 'kl'>> {
    const { ids, mostLogitBytes } = this.plan;
    const length = ids.length;
    const logits = new LogitParts(this.model, length, mostLogitBytes);
    const loss = new Float32Array(length).fill(NaN);
    const lossSparse = new Float32Array(length).fill(NaN);
    const kl = new Float32Array(length);
    for (const part of logits.parts) {
      const arrays = await turn(() => this.#comparePart(logits, part));
      for (let i = 0; i < part.count && part.from + i + 1 < length; i++) {
        loss[part.from + i + 1] = -arrays[0]![i]!;
        lossSparse[part.from + i + 1] = -arrays[1]![i]!;
      }
      kl.set(arrays[2]!, part.from);
    }
    return { loss, lossSparse, kl };
  }

  async #comparePart(logits: LogitParts, part: { from: number; count: number }): Promise<ReadArray[]> {
    const batch = this.model.gpu.batch('sparse logits');
    try {
      const next = new Uint32Array(part.count);
      next.set(this.plan.ids.subarray(part.from + 1, part.from + part.count + 1));
      const targets = batch.input(next, [part.count]);
      const [dense, sparse] = (['dense', 'sparse'] as const).map((side) =>
        logits.rows(batch, { captures: new Map(), residual: this.#streams[side]! }, part),
      );
      const reads = [dense!, sparse!].map((rows) => logProbGather(batch, { logits: rows, targets }).logProb);
      return (await batch.submit([...reads, klRows(batch, { p: dense!, q: sparse! })])).arrays;
    } catch (thrown) {
      batch.discard();
      throw thrown;
    }
  }

  [Symbol.dispose](): void {
    for (const { dense, sparse } of [this.#streams, this.#inputs]) {
      dense?.dispose();
      sparse?.dispose();
    }
  }
}

/** A capture that may be disposed of on its own: of what a pass was given, a copy. */
function ownCopy(batch: Batch, capture: Tensor, given: Tensor | undefined): Tensor {
  if (capture !== given) return capture;
  const copy = batch.scratch(capture.shape);
  batch.copy(capture, copy);
  return copy;
}

/** One head's columns of [T, heads · dHead]. */
function columns(all: Float32Array, heads: number, head: number, dHead: number): Float32Array {
  const rows = all.length / (heads * dHead);
  const own = new Float32Array(rows * dHead);
  for (let row = 0; row < rows; row++) {
    const at = (row * heads + head) * dHead;
    own.set(all.subarray(at, at + dHead), row * dHead);
  }
  return own;
}
