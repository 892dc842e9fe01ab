import { maskFromRule } from '../attention/rule-mask.ts';
import { checkSegments, longestSegment, maskOfSegments, type Segments } from '../attention/segment-mask.ts';
import type { Batch } from '../gpu/batch.ts';
import type { BlockMask } from '../gpu/block-mask.ts';
import { add } from '../gpu/kernels/add.ts';
import type { HeadView } from '../gpu/kernels/attention.ts';
import { layerNorm } from '../gpu/kernels/layer_norm.ts';
import { rmsNorm } from '../gpu/kernels/rms_norm.ts';
import { putColumns, sliceColumns } from '../gpu/kernels/slice_columns.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { FacetError } from '../shared/errors.ts';
import type { ModelConfig, Rope } from './config.ts';
import { allHooks, isReplaceable, parseHook } from './hooks.ts';
import { linear } from './linear.ts';
import { ropeTable } from './rope.ts';
import type { RunPlan } from './run-plan.ts';
import { norm } from './unembed.ts';
import type { Weights } from './weights.ts';

const MASK_BLOCK = 16;
/** What the steps of one forward pass share: the plan, its hooks, and who still needs which scratch tensor. */
export class Pass {
  readonly captures = new Map<string, Tensor>();
  /** Rows of this pass. */
  readonly length: number;
  /** Position of the first of them: rows that a cache holds. */
  readonly offset: number;
  readonly firstLayer: number;
  /** Of a pass over several sequences. */
  readonly segments?: Segments;
  readonly #wanted: ReadonlySet<string>;
  readonly #kept = new Set<Tensor>();
  /** Made by edits, which may use them elsewhere: never added to. */
  readonly #made = new Set<Tensor>();
  readonly #order: ReadonlyMap<string, number>;
  /** Position in forward order after which nothing is needed. */
  readonly #stop: number;
  readonly #tables = new Map<Rope, Tensor>();
  readonly #masks = new Map<number, BlockMask>();

  constructor(
    readonly batch: Batch,
    readonly config: ModelConfig,
    readonly weights: Weights,
    readonly plan: RunPlan,
  ) {
    this.length = plan.ids.length;
    this.offset = plan.cache?.length ?? 0;
    this.firstLayer = plan.resume?.layer ?? 0;
    if (plan.segments) this.segments = { starts: plan.segments, rows: this.length };
    this.#wanted = new Set(plan.captures);
    this.#order = new Map(allHooks(config).map((name, index) => [name, index]));
    const last = Math.max(-1, ...[...this.#wanted].map((name) => this.#order.get(name)!));
    // What later passes take from this one they take of every layer.
    const taken =
      plan.cache || plan.keepAttention ? this.#order.get(`blocks.${config.nLayers - 1}.attn.hook_z`)! : -1;
    this.#stop = (plan.logits ?? 'none') === 'none' ? Math.max(last, taken) : Infinity;
    this.#check();
    if (plan.resume) this.#kept.add(plan.resume.residual);
  }

  #check(): void {
    const { ids, edits, resume } = this.plan;
    const { nCtx, dVocab, nLayers } = this.config;
    if (ids.length === 0) throw new FacetError('bad-input', 'There is nothing to read: no tokens.');
    const end = this.offset + ids.length;
    if (this.segments) checkSegments(this.segments);
    const longest = this.segments ? longestSegment(this.segments) : end;
    if (longest > nCtx)
      throw new FacetError('bad-input', `${longest} tokens do not fit the model's context of ${nCtx}.`);
    const outside = ids.find((id) => id >= dVocab);
    if (outside !== undefined)
      throw new FacetError('bad-input', `Token id ${outside} is outside the vocabulary of ${dVocab}.`);
    if (resume && (resume.layer < 0 || resume.layer >= nLayers))
      throw new FacetError('bug', `cannot resume at layer ${resume.layer}`);
    this.#checkReuse(end);
    for (const name of this.#wanted) parseHook(name, this.config);
    for (const name of edits?.keys() ?? []) {
      parseHook(name, this.config);
      if (!isReplaceable(name))
        throw new FacetError('unsupported', `The activation at "${name}" cannot be replaced yet.`);
    }
    const before = resume ? this.#order.get(`blocks.${resume.layer}.hook_resid_pre`)! : 0;
    for (const name of [...this.#wanted, ...(edits?.keys() ?? [])]) {
      if (this.#order.get(name)! < before)
        throw new FacetError('bug', `"${name}" lies before the layer the pass resumes at`);
    }
  }

  /** What is taken from earlier passes must belong to this one. */
  #checkReuse(end: number): void {
    const { cache, masks, holdAttention, segments } = this.plan;
    for (const other of ['masks', 'cache', 'keepAttention', 'holdAttention'] as const)
      if (segments && this.plan[other])
        throw new FacetError('bug', `a pass over several sequences has no ${other}`);
    if (segments && this.plan.logits === 'last')
      throw new FacetError('bug', 'a pass over several sequences has no last row');
    if (masks && (cache || holdAttention))
      throw new FacetError('bug', 'masks are for passes over whole texts that attend for themselves');
    if (cache && cache.firstLayer !== this.firstLayer)
      throw new FacetError(
        'bug',
        `a cache from layer ${cache.firstLayer} cannot serve a pass from ${this.firstLayer}`,
      );
    if (cache && end > cache.capacity)
      throw new FacetError('bug', `the cache has room for ${cache.capacity} rows, not ${end}`);
    if (!holdAttention) return;
    for (let layer = this.firstLayer; layer < this.config.nLayers; layer++) {
      if (!this.needed(`blocks.${layer}.ln1.hook_scale`)) return;
      const held = holdAttention.layers.get(layer);
      if (held?.nQueries !== this.length || held.nKeys !== end)
        throw new FacetError('bug', `no attention of ${this.length} rows is held for layer ${layer}`);
    }
  }

  /** Whether the pass goes as far as this hook. */
  needed(name: string): boolean {
    return this.#order.get(name)! <= this.#stop;
  }

  wants(name: string): boolean {
    return this.#wanted.has(name);
  }

  /** Whether the activation must exist on its own: it is captured or edited. */
  touches(name: string): boolean {
    return this.wants(name) || (this.plan.edits?.has(name) ?? false);
  }

  /** Lets the plan see and replace an activation. */
  point(name: string, activation: Tensor): Tensor {
    const edited = this.plan.edits?.get(name)?.(this.batch, activation) ?? activation;
    if (edited !== activation) {
      this.release(activation);
      this.#made.add(edited);
    }
    if (this.wants(name)) {
      this.captures.set(name, edited);
      this.#kept.add(edited);
    }
    return edited;
  }

  /** Captures a copy of columns of a wider matrix, which goes on as it is. */
  copyOf(name: string, { tensor, rowStride, offset }: HeadView, width: number): void {
    if (!this.wants(name)) return;
    const x = tensor.reshaped([this.length, rowStride]);
    this.point(name, sliceColumns(this.batch, { x, from: offset, count: width }));
  }

  release(...tensors: Tensor[]): void {
    for (const tensor of tensors) if (!this.#kept.has(tensor)) this.batch.release(tensor);
  }

  /** The norm with weights `{prefix}.w` and hooks `{prefix}.hook_scale` and `.hook_normalized`. */
  norm(prefix: string, x: Tensor): Tensor {
    const { batch, config } = this;
    const { y, scale } = norm(batch, config, this.weights, prefix, x);
    this.#normHooks(prefix, scale, config.dModel, (gain, none) =>
      config.norm === 'RMS'
        ? rmsNorm(batch, { x, gain, eps: config.normEps })
        : layerNorm(batch, { x, gain, bias: none, eps: config.normEps }),
    );
    return y;
  }

  /** The same over each of the heads of `x`; always RMSNorm. @returns scratch [T · heads, d_head] */
  headNorm(prefix: string, x: HeadView, heads: number): Tensor {
    const { batch, config } = this;
    const given = { x, heads, eps: config.normEps };
    const { y, scale } = rmsNorm(batch, { ...given, gain: this.weights.get(`${prefix}.w`) });
    this.#normHooks(prefix, scale, config.dHead, (gain) => rmsNorm(batch, { ...given, gain }));
    return y;
  }

  #normHooks(
    prefix: string,
    scale: Tensor,
    width: number,
    again: (gain: Tensor, none: Tensor) => { y: Tensor; scale: Tensor },
  ): void {
    this.release(this.point(`${prefix}.hook_scale`, scale));
    const hook = `${prefix}.hook_normalized`;
    if (!this.wants(hook)) return;
    // The hook is before gain and bias, which the kernel applies in the same step.
    const ones = this.batch.input(new Float32Array(width).fill(1), [width]);
    const none = this.batch.input(new Float32Array(width), [width]);
    const plain = again(ones, none);
    this.batch.release(ones, none, plain.scale);
    this.point(hook, plain.y);
  }

  /**
   * x + out, where `out` is projected from `inner`, which is released, and normed in sandwich models. Fused where no hook
   * in between is captured or edited; then added to x itself where nobody else needs that.
   * @param names of the hook at `out`, of the matrix, and of the norm
   */
  project(names: { hook: string; matrix: string; norm: string }, inner: Tensor, x: Tensor): Tensor {
    const { batch, weights, config } = this;
    if (!config.sandwich && !this.touches(names.hook)) {
      const inPlace = !config.parallel && !this.#kept.has(x) && !this.#made.has(x);
      const sum = linear(batch, weights, names.matrix, { x: inner, residual: x, inPlace });
      this.release(inner);
      return sum;
    }
    let out = linear(batch, weights, names.matrix, { x: inner });
    this.release(inner);
    if (config.sandwich) {
      const normed = this.norm(names.norm, out);
      this.release(out);
      out = normed;
    }
    out = this.point(names.hook, out);
    const sum = add(batch, { a: x, b: out });
    this.release(out);
    return sum;
  }

  /** Which keys the queries of a layer see: what the plan says, else those before them, at most the layer's window. */
  mask(layer: number): BlockMask {
    const given = this.plan.masks?.get(layer);
    if (given) return given;
    const { window } = this.config.layers[layer]!;
    const made = this.#masks.get(window);
    if (made) return made;
    const { length, offset, segments } = this;
    const shape = { nQueries: length, nKeys: offset + length, queryOffset: offset, blockSize: MASK_BLOCK };
    const mask = segments
      ? maskOfSegments(segments, MASK_BLOCK, window)
      : maskFromRule(shape, { window, sinks: 0 });
    this.#masks.set(window, mask);
    return mask;
  }

  /** Cosines and sines for the positions of this pass. */
  rotations(rope: Rope): Tensor {
    const made = this.#tables.get(rope);
    if (made) return made;
    const table = this.batch.input(this.#angles(rope), [this.length, rope.dims / 2, 2]);
    this.#tables.set(rope, table);
    return table;
  }

  #angles(rope: Rope): Float32Array<ArrayBuffer> {
    if (!this.segments) return ropeTable(rope, this.length, this.offset);
    const { starts, rows } = this.segments;
    const longest = ropeTable(rope, longestSegment(this.segments));
    const all = new Float32Array(rows * rope.dims);
    starts.forEach((start, i) =>
      all.set(longest.subarray(0, ((starts[i + 1] ?? rows) - start) * rope.dims), start * rope.dims),
    );
    return all;
  }

  /** Adds keys and values of a layer to the cache. @returns those of all rows read so far */
  remember(layer: number, k: HeadView, v: HeadView): { k: HeadView; v: HeadView } {
    const { batch, offset, plan } = this;
    if (!plan.cache) return { k, v };
    const y = plan.cache.layer(layer);
    const width = this.config.nKvHeads * this.config.dHead;
    const put = ({ tensor, rowStride, offset: from }: HeadView, count: number, column: number): void =>
      putColumns(
        batch,
        { x: tensor.reshaped([this.length, rowStride]), from, count },
        { y, row: offset, column },
      );
    if (k.tensor === v.tensor && k.offset + width === v.offset) {
      put(k, 2 * width, 0);
    } else {
      put(k, width, 0);
      put(v, width, width);
    }
    const all = { tensor: y, rowStride: 2 * width };
    return { k: { ...all, offset: 0 }, v: { ...all, offset: width } };
  }

  /** Gives back what the pass kept for itself. */
  finish(): void {
    this.batch.release(...this.#tables.values());
    this.plan.cache?.advance(this.length);
  }
}
