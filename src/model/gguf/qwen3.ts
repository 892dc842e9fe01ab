import type { GgufArchitecture } from './architecture.ts';
import { decoder, decoderConfig } from './decoder.ts';

/** Qwen3: norms of queries and keys; nothing but names differs. @source llama.cpp `Qwen3Model` */
export const qwen3: GgufArchitecture = {
  id: 'qwen3',
  ...decoder,
  inBlock: { ...decoder.inBlock, attn_q_norm: 'self_attn.q_norm', attn_k_norm: 'self_attn.k_norm' },
  config: (about, file) => ({
    ...decoderConfig(about, file),
    model_type: 'qwen3',
    head_dim: about.number('attention.key_length'),
    hidden_act: 'silu',
    attention_bias: file.info('blk.0.attn_q.bias') !== undefined,
    use_sliding_window: false,
  }),
};
