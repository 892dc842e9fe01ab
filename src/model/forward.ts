import { causal } from '../attention/patterns/causal.ts';
import type { Batch } from '../gpu/batch.ts';
import type { BlockMask } from '../gpu/block-mask.ts';
import { activate } from '../gpu/kernels/activation.ts';
import { add } from '../gpu/kernels/add.ts';
import { attention, type HeadView } from '../gpu/kernels/attention.ts';
import { attentionPattern } from '../gpu/kernels/attention_pattern.ts';
import { embed } from '../gpu/kernels/embed.ts';
import { layerNorm } from '../gpu/kernels/layer_norm.ts';
import { matmul } from '../gpu/kernels/matmul.ts';
import { sliceColumns } from '../gpu/kernels/slice_columns.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { FacetError } from '../shared/errors.ts';
import type { ModelConfig } from './config.ts';
import { allHooks, parseHook } from './hooks.ts';
import type { RecordedRun, RunPlan } from './run-plan.ts';
import type { Weights } from './weights.ts';

const MASK_BLOCK = 16;
/** Activations that exist only inside a kernel or as a view of another tensor: they can be read but not replaced. */
const READ_ONLY = /hook_scale$|hook_normalized$|hook_[qkv]$|hook_attn_scores$|hook_pattern$|hook_pos_embed$/;

/**
 * Records one forward pass of a GPT-like transformer. Fused steps (bias, activation and residual inside a matmul) are
 * taken apart only where a hook in between is captured or edited.
 * @throws FacetError `bad-input` for an empty or too long input, an id outside the vocabulary, or an unknown hook
 */
export function recordForward(
  batch: Batch,
  config: ModelConfig,
  weights: Weights,
  plan: RunPlan,
): RecordedRun {
  return new ForwardPass(batch, config, weights, plan).record();
}

class ForwardPass {
  readonly #wanted: ReadonlySet<string>;
  readonly #captures = new Map<string, Tensor>();
  readonly #kept = new Set<Tensor>();
  readonly #order: ReadonlyMap<string, number>;
  /** Position in forward order after which nothing is needed. */
  readonly #stop: number;
  readonly #length: number;

  constructor(
    private readonly batch: Batch,
    private readonly config: ModelConfig,
    private readonly weights: Weights,
    private readonly plan: RunPlan,
  ) {
    this.#length = plan.ids.length;
    this.#wanted = new Set(plan.captures);
    this.#order = new Map(allHooks(config).map((name, index) => [name, index]));
    this.#check();
    const last = Math.max(-1, ...[...this.#wanted].map((name) => this.#order.get(name)!));
    this.#stop = (plan.logits ?? 'none') === 'none' ? last : Infinity;
    if (plan.resume) this.#kept.add(plan.resume.residual);
  }

  #check(): void {
    const { ids, edits, resume } = this.plan;
    const { nCtx, dVocab, nLayers } = this.config;
    if (ids.length === 0) throw new FacetError('bad-input', 'There is nothing to read: no tokens.');
    if (ids.length > nCtx)
      throw new FacetError('bad-input', `${ids.length} tokens do not fit the model's context of ${nCtx}.`);
    const outside = ids.find((id) => id >= dVocab);
    if (outside !== undefined)
      throw new FacetError('bad-input', `Token id ${outside} is outside the vocabulary of ${dVocab}.`);
    if (resume && (resume.layer < 0 || resume.layer >= nLayers))
      throw new FacetError('bug', `cannot resume at layer ${resume.layer}`);
    for (const name of this.#wanted) parseHook(name, this.config);
    for (const name of edits?.keys() ?? []) {
      parseHook(name, this.config);
      if (READ_ONLY.test(name))
        throw new FacetError('unsupported', `The activation at "${name}" cannot be replaced yet.`);
    }
    const before = resume ? this.#order.get(`blocks.${resume.layer}.hook_resid_pre`)! : 0;
    for (const name of [...this.#wanted, ...(edits?.keys() ?? [])]) {
      if (this.#order.get(name)! < before)
        throw new FacetError('bug', `"${name}" lies before the layer the pass resumes at`);
    }
  }

  record(): RecordedRun {
    const { config, plan } = this;
    let residual = plan.resume?.residual ?? this.#embed();
    for (let layer = plan.resume?.layer ?? 0; layer < config.nLayers; layer++) {
      if (!this.#needed(`blocks.${layer}.hook_resid_pre`)) break;
      residual = this.#block(layer, residual);
    }
    let logits: Tensor | undefined;
    if (this.#needed('ln_final.hook_scale')) logits = this.#unembed(residual);
    else this.#release(residual);
    return { captures: this.#captures, logits };
  }

  #needed(name: string): boolean {
    return this.#order.get(name)! <= this.#stop;
  }

  #touches(name: string): boolean {
    return this.#wanted.has(name) || (this.plan.edits?.has(name) ?? false);
  }

  /** Lets the plan see and replace an activation. */
  #point(name: string, activation: Tensor): Tensor {
    const edited = this.plan.edits?.get(name)?.(this.batch, activation) ?? activation;
    if (edited !== activation) this.#release(activation);
    if (this.#wanted.has(name)) {
      this.#captures.set(name, edited);
      this.#kept.add(edited);
    }
    return edited;
  }

  #release(...tensors: Tensor[]): void {
    for (const tensor of tensors) if (!this.#kept.has(tensor)) this.batch.release(tensor);
  }

  #embed(): Tensor {
    const { batch, weights, plan } = this;
    batch.scope('embed');
    const ids = batch.input(plan.ids, [this.#length]);
    const tokens = weights.get('embed.W_E');
    const positions = weights.get('pos_embed.W_pos');
    let residual: Tensor;
    if (this.#touches('hook_embed') || this.#touches('hook_pos_embed')) {
      const embedded = this.#point('hook_embed', embed(batch, { ids, tokens, positionOffset: 0 }));
      const placed = this.#point('hook_pos_embed', embed(batch, { ids, positions, positionOffset: 0 }));
      residual = add(batch, { a: embedded, b: placed });
      this.#release(embedded, placed);
    } else {
      residual = embed(batch, { ids, tokens, positions, positionOffset: 0 });
    }
    batch.release(ids);
    return residual;
  }

  #block(layer: number, input: Tensor): Tensor {
    const name = (hook: string): string => `blocks.${layer}.${hook}`;
    const before = this.#point(name('hook_resid_pre'), input);
    if (!this.#needed(name('ln1.hook_scale'))) return before;
    this.batch.scope(name('attn'));
    const middle = this.#point(name('hook_resid_mid'), this.#attention(layer, before));
    if (!this.#needed(name('ln2.hook_scale'))) return middle;
    this.batch.scope(name('mlp'));
    return this.#point(name('hook_resid_post'), this.#mlp(layer, middle));
  }

  #norm(prefix: string, x: Tensor): Tensor {
    const { batch, config } = this;
    const gain = this.weights.get(`${prefix}.w`);
    const bias = this.weights.get(`${prefix}.b`);
    const { y, scale } = layerNorm(batch, { x, gain, bias, eps: config.normEps });
    this.#release(this.#point(`${prefix}.hook_scale`, scale));
    const hook = `${prefix}.hook_normalized`;
    if (this.#wanted.has(hook)) {
      // The hook is before gain and bias, which the kernel applies in the same step.
      const ones = batch.input(new Float32Array(config.dModel).fill(1), [config.dModel]);
      const none = batch.input(new Float32Array(config.dModel), [config.dModel]);
      const plain = layerNorm(batch, { x, gain: ones, bias: none, eps: config.normEps });
      batch.release(ones, none, plain.scale);
      this.#point(hook, plain.y);
    }
    return y;
  }

  /** x + out, where `out` is projected from `inner`; apart when the hook between is wanted. Releases both inputs. */
  #project(hook: string, inner: Tensor, x: Tensor, matrix: string, biasName: string): Tensor {
    const { batch } = this;
    const projection = {
      x: inner,
      weights: this.weights.get(matrix),
      layout: 'kn' as const,
      bias: this.weights.get(biasName),
    };
    let sum: Tensor;
    if (this.#touches(hook)) {
      const out = this.#point(hook, matmul(batch, projection));
      sum = add(batch, { a: x, b: out });
      this.#release(out);
    } else {
      sum = matmul(batch, { ...projection, residual: x });
    }
    this.#release(inner, x);
    return sum;
  }

  #attention(layer: number, x: Tensor): Tensor {
    const { batch, config, weights } = this;
    const { nHeads, nKvHeads, dHead } = config;
    const name = (hook: string): string => `blocks.${layer}.${hook}`;
    const normalized = this.#norm(name('ln1'), x);
    const qkv = matmul(batch, {
      x: normalized,
      weights: weights.get(name('attn.W_QKV')),
      layout: 'kn',
      bias: weights.get(name('attn.b_QKV')),
    });
    this.#release(normalized);
    const widths = [nHeads * dHead, nKvHeads * dHead, nKvHeads * dHead] as const;
    const rowStride = widths[0] + widths[1] + widths[2];
    const starts = [0, widths[0], widths[0] + widths[1]] as const;
    (['q', 'k', 'v'] as const).forEach((part, index) => {
      const hook = name(`attn.hook_${part}`);
      if (this.#wanted.has(hook))
        this.#point(hook, sliceColumns(batch, { x: qkv, from: starts[index]!, count: widths[index]! }));
    });
    const view = (offset: number): HeadView => ({ tensor: qkv, rowStride, offset });
    const shape = { nHeads, nKvHeads, dHead, nQueries: this.#length, nKeys: this.#length, queryOffset: 0 };
    const mask: BlockMask = causal.build({ ...shape, blockSize: MASK_BLOCK });
    const heads = {
      ...shape,
      q: view(starts[0]),
      k: view(starts[1]),
      v: view(starts[2]),
      scale: config.attentionScale,
      mask,
    };
    const { z, lse } = attention(batch, heads);
    if (this.#wanted.has(name('attn.hook_pattern')) || this.#wanted.has(name('attn.hook_attn_scores'))) {
      const { pattern, scores } = attentionPattern(batch, { ...heads, lse });
      this.#release(this.#point(name('attn.hook_attn_scores'), scores));
      this.#release(this.#point(name('attn.hook_pattern'), pattern));
    }
    this.#release(qkv, lse);
    return this.#project(
      name('hook_attn_out'),
      this.#point(name('attn.hook_z'), z),
      x,
      name('attn.W_O'),
      name('attn.b_O'),
    );
  }

  #mlp(layer: number, x: Tensor): Tensor {
    const { batch, config, weights } = this;
    const name = (hook: string): string => `blocks.${layer}.${hook}`;
    const normalized = this.#norm(name('ln2'), x);
    const input = {
      x: normalized,
      weights: weights.get(name('mlp.W_in')),
      layout: 'kn' as const,
      bias: weights.get(name('mlp.b_in')),
    };
    let inner: Tensor;
    if (this.#touches(name('mlp.hook_pre'))) {
      const before = this.#point(name('mlp.hook_pre'), matmul(batch, input));
      inner = activate(batch, { x: before, activation: config.activation });
      this.#release(before);
    } else {
      inner = matmul(batch, { ...input, activation: config.activation });
    }
    this.#release(normalized);
    inner = this.#point(name('mlp.hook_post'), inner);
    return this.#project(name('hook_mlp_out'), inner, x, name('mlp.W_out'), name('mlp.b_out'));
  }

  #unembed(residual: Tensor): Tensor | undefined {
    const { batch, weights, plan, config } = this;
    batch.scope('unembed');
    const normalized = this.#norm('ln_final', residual);
    this.#release(residual);
    let logits: Tensor | undefined;
    if (plan.logits === 'all' || plan.logits === 'last') {
      let rows = normalized;
      if (plan.logits === 'last' && this.#length > 1) {
        rows = batch.scratch([1, config.dModel]);
        batch.copy(normalized, rows, {
          fromOffset: (this.#length - 1) * config.dModel * 4,
          size: config.dModel * 4,
        });
      }
      logits = matmul(batch, { x: rows, weights: weights.get('embed.W_E'), layout: 'nk' });
      if (rows !== normalized) batch.release(rows);
    }
    this.#release(normalized);
    return logits;
  }
}
