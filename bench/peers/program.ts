import type { ModelConfig } from '../../src/model/config.ts';
import { FacetError } from '../../src/shared/errors.ts';
import type { Checkpoint } from './weights.ts';

export type Layout = 'kn' | 'nk';

/** What a library offers to write a model with; weights are named as in the checkpoint. `X` is a value of its own kind. */
export interface Ops<X> {
  /** x · W + bias, W stored [K, N] (`kn`) or [N, K] (`nk`). */
  linear(x: X, weight: string, layout: Layout, bias?: string): X;
  layerNorm(x: X, gain: string, bias: string): X;
  rmsNorm(x: X, gain: string): X;
  /** The tanh form. */
  gelu(x: X): X;
  silu(x: X): X;
  add(a: X, b: X): X;
  mul(a: X, b: X): X;
  /** Rows of `table`, plus the rows of `positions` where there are learned ones. */
  embed(table: string, positions?: string): X;
  /** Causal attention of a layer: q, k and v side by side [T, (n_heads + 2 · n_kv_heads) · d_head], rotated for Llama. */
  attention(qkv: X, layer: number): X;
}

export function recordModel<X>(ops: Ops<X>, config: ModelConfig, residual?: X): X {
  const { family, nLayers } = config;
  const recordBlock = BLOCKS[family];
  if (!recordBlock) throw new FacetError('unsupported', `No graph of ${family} for other libraries.`);
  let x =
    residual ??
    (family === 'gpt2' ? ops.embed('wte.weight', 'wpe.weight') : ops.embed('model.embed_tokens.weight'));
  for (let layer = 0; layer < nLayers; layer++) x = recordBlock(ops, x, layer);
  if (residual !== undefined) return x;
  return family === 'gpt2'
    ? ops.linear(ops.layerNorm(x, 'ln_f.weight', 'ln_f.bias'), 'wte.weight', 'nk')
    : ops.linear(ops.rmsNorm(x, 'model.norm.weight'), 'model.embed_tokens.weight', 'nk');
}

const BLOCKS: Partial<Record<string, <X>(ops: Ops<X>, x: X, layer: number) => X>> = {
  gpt2: gpt2Block,
  llama: llamaBlock,
};

/** @source transformers, modeling_gpt2.py */
function gpt2Block<X>(ops: Ops<X>, x: X, layer: number): X {
  const at = `h.${layer}`;
  const conv = (input: X, name: string): X =>
    ops.linear(input, `${at}.${name}.weight`, 'kn', `${at}.${name}.bias`);
  const norm = (input: X, name: string): X =>
    ops.layerNorm(input, `${at}.${name}.weight`, `${at}.${name}.bias`);
  const z = ops.attention(conv(norm(x, 'ln_1'), 'attn.c_attn'), layer);
  const mid = ops.add(x, conv(z, 'attn.c_proj'));
  return ops.add(mid, conv(ops.gelu(conv(norm(mid, 'ln_2'), 'mlp.c_fc')), 'mlp.c_proj'));
}

/** @source transformers, modeling_llama.py */
function llamaBlock<X>(ops: Ops<X>, x: X, layer: number): X {
  const at = `model.layers.${layer}`;
  const linear = (input: X, name: string): X => ops.linear(input, `${at}.${name}.weight`, 'nk');
  const z = ops.attention(
    linear(ops.rmsNorm(x, `${at}.input_layernorm.weight`), 'self_attn.qkv_proj'),
    layer,
  );
  const mid = ops.add(x, linear(z, 'self_attn.o_proj'));
  const normed = ops.rmsNorm(mid, `${at}.post_attention_layernorm.weight`);
  const gated = ops.mul(ops.silu(linear(normed, 'mlp.gate_proj')), linear(normed, 'mlp.up_proj'));
  return ops.add(mid, linear(gated, 'mlp.down_proj'));
}

/** Adds Llama's q, k and v as the one matrix that every contender is given. */
export function fusedQkv({ family, nLayers }: ModelConfig, checkpoint: Checkpoint): Checkpoint {
  if (family === 'gpt2') return checkpoint;
  const fused = checkpoint.without();
  for (let layer = 0; layer < nLayers; layer++) {
    const at = `model.layers.${layer}.self_attn`;
    const parts = ['q', 'k', 'v'].map((part) => checkpoint.get(`${at}.${part}_proj.weight`));
    const columns = parts[0]!.shape[1]!;
    const rows = parts.reduce((sum, { shape }) => sum + shape[0]!, 0);
    const values = new Float32Array(rows * columns);
    let offset = 0;
    for (const part of parts) {
      values.set(part.values, offset);
      offset += part.values.length;
    }
    fused.set(`${at}.qkv_proj.weight`, [rows, columns], values);
  }
  return fused;
}

/** cos and sin [rows, d_head / 2] of the angles that pairs (i, i + d_head / 2) turn by, for positions from `first` on. */
export function ropeTables(
  config: ModelConfig,
  first: number,
  rows: number,
): { cos: Float32Array<ArrayBuffer>; sin: Float32Array<ArrayBuffer> } {
  const half = config.dHead / 2;
  const { theta } = config.layers[0]!.rope!;
  const cos = new Float32Array(rows * half);
  const sin = new Float32Array(rows * half);
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < half; i++) {
      const angle = (first + row) * theta ** (-i / half);
      cos[row * half + i] = Math.cos(angle);
      sin[row * half + i] = Math.sin(angle);
    }
  return { cos, sin };
}

/** [rows, heads · d_head] to [heads, rows, d_head] */
export function headsFirst(values: Float32Array, heads: number, dHead: number): Float32Array<ArrayBuffer> {
  const rows = values.length / (heads * dHead);
  const moved = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let head = 0; head < heads; head++) {
      const from = (row * heads + head) * dHead;
      moved.set(values.subarray(from, from + dHead), (head * rows + row) * dHead);
    }
  return moved;
}
