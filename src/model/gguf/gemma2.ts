import type { GgufArchitecture } from './architecture.ts';
import { decoder, decoderConfig } from './decoder.ts';
import type { GgufFile, Metadata } from './metadata.ts';

/** What Gemma 2 and 3 share. Norms are stored as 1 + w. @source llama.cpp `Gemma2Model`, `Gemma3Model` */
export const gemma = {
  ...decoder,
  inBlock: {
    ...decoder.inBlock,
    post_attention_norm: 'post_attention_layernorm',
    ffn_norm: 'pre_feedforward_layernorm',
    post_ffw_norm: 'post_feedforward_layernorm',
  },
  mergesByPlace: true,
  change: (module) => (module.endsWith('_norm') ? { kind: 'minus-one' } : undefined),
} as const satisfies Partial<GgufArchitecture>;

/** @param large number of blocks of the size whose scores are scaled by hidden size over heads, which no key says */
export function gemmaConfig(about: Metadata, file: GgufFile, large: number): object {
  const headDim = about.number('attention.key_length', 256);
  const isLarge = about.number('block_count') === large;
  return {
    ...decoderConfig(about, file),
    head_dim: headDim,
    query_pre_attn_scalar: isLarge
      ? about.number('embedding_length') / about.number('attention.head_count')
      : headDim,
    hidden_activation: 'gelu_pytorch_tanh',
    attention_bias: false,
  };
}

export const gemma2: GgufArchitecture = {
  id: 'gemma2',
  ...gemma,
  config: (about, file) => ({
    ...gemmaConfig(about, file, 46),
    model_type: 'gemma2',
    sliding_window: about.number('attention.sliding_window', 4096),
    attn_logit_softcapping: about.number('attn_logit_softcapping', 50),
    final_logit_softcapping: about.number('final_logit_softcapping', 30),
  }),
};
