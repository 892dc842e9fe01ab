import { attention, type HeadView } from '../gpu/kernels/attention.ts';
import { attentionPattern } from '../gpu/kernels/attention_pattern.ts';
import { rope as rotate } from '../gpu/kernels/rope.ts';
import type { Tensor } from '../gpu/tensor.ts';
import type { HeldLayer } from './kv-cache.ts';
import { linear } from './linear.ts';
import type { Pass } from './pass.ts';

/**
 * x plus what the layer's attention adds to it.
 * @param x [T, d_model] `hook_resid_pre`, not released
 * @returns scratch [T, d_model], or x itself, added to; see `Pass.project`
 */
export function attentionLayer(pass: Pass, layer: number, x: Tensor): Tensor {
  const { batch, config, weights } = pass;
  const { nHeads, nKvHeads, dHead } = config;
  const name = (hook: string): string => `blocks.${layer}.${hook}`;
  const normalized = pass.point(name('attn.hook_in'), pass.norm(name('ln1'), x));
  const qkv = linear(batch, weights, name('attn.W_QKV'), { x: normalized });
  pass.release(normalized);
  const [qWidth, kvWidth] = [nHeads * dHead, nKvHeads * dHead];
  const rowStride = qWidth + 2 * kvWidth;
  let q: HeadView = { tensor: qkv, rowStride, offset: 0 };
  let k: HeadView = { tensor: qkv, rowStride, offset: qWidth };
  const v: HeadView = { tensor: qkv, rowStride, offset: qWidth + kvWidth };
  pass.copyOf(name('attn.hook_q'), q, qWidth);
  pass.copyOf(name('attn.hook_k'), k, kvWidth);
  pass.copyOf(name('attn.hook_v'), v, kvWidth);
  const normed: Tensor[] = [];
  if (config.qkNorm) {
    normed.push(
      pass.headNorm(name('attn.q_norm'), q, nHeads),
      pass.headNorm(name('attn.k_norm'), k, nKvHeads),
    );
    q = { tensor: normed[0]!, rowStride: qWidth, offset: 0 };
    k = { tensor: normed[1]!, rowStride: kvWidth, offset: 0 };
  }
  const { rope } = config.layers[layer]!;
  if (rope) {
    const table = pass.rotations(rope);
    if (q.tensor === k.tensor) {
      rotate(batch, { x: q, table, heads: nHeads + nKvHeads, dHead }); // k follows q
    } else {
      rotate(batch, { x: q, table, heads: nHeads, dHead });
      rotate(batch, { x: k, table, heads: nKvHeads, dHead });
    }
    pass.copyOf(name('attn.hook_rot_q'), q, qWidth);
    pass.copyOf(name('attn.hook_rot_k'), k, kvWidth);
  }
  const all = pass.remember(layer, k, v);
  const nKeys = pass.offset + pass.length;
  const own = [qkv, ...normed];
  const { holdAttention, keepAttention } = pass.plan;
  const held = holdAttention?.layers.get(layer);
  const { scratch, ...made }: HeldLayer = held ?? {
    q,
    k: all.k,
    nQueries: pass.length,
    nKeys,
    mask: pass.mask(layer),
    // Values are the pass's own: of queries and keys that were normed, what they were made from is not needed.
    scratch: own.filter((tensor) => tensor === q.tensor || tensor === all.k.tensor),
  };
  const heads = {
    ...made,
    v: all.v,
    nHeads,
    nKvHeads,
    dHead,
    queryOffset: pass.offset,
    scale: config.attentionScale,
    cap: config.attentionCap,
  };
  const { z, lse } = attention(batch, heads);
  if (pass.wants(name('attn.hook_pattern')) || pass.wants(name('attn.hook_attn_scores'))) {
    const { pattern, scores } = attentionPattern(batch, { ...heads, lse });
    pass.release(pass.point(name('attn.hook_attn_scores'), scores));
    pass.release(pass.point(name('attn.hook_pattern'), pattern));
  }
  pass.release(lse);
  const kept = keepAttention && !held ? scratch : [];
  keepAttention?.layers.set(layer, { ...made, scratch: kept });
  pass.release(...own.filter((tensor) => !kept.includes(tensor)));
  const inner = pass.point(name('attn.hook_z'), z);
  const names = { hook: name('hook_attn_out'), matrix: name('attn.W_O'), norm: name('ln1_post') };
  return pass.project(names, inner, x);
}
