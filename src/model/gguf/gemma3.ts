import type { GgufArchitecture } from './architecture.ts';
import { gemma, gemmaConfig } from './gemma2.ts';

/** Gemma 3, its text part: as Gemma 2 without caps, with norms of queries and keys. @source llama.cpp `Gemma3Model` */
export const gemma3: GgufArchitecture = {
  id: 'gemma3',
  ...gemma,
  inBlock: { ...gemma.inBlock, attn_q_norm: 'self_attn.q_norm', attn_k_norm: 'self_attn.k_norm' },
  config: (about, file) => ({
    ...gemmaConfig(about, file, 62),
    model_type: 'gemma3_text',
    sliding_window: about.number('attention.sliding_window', 0) || null,
    sliding_window_pattern: 6,
    rope_theta: about.number('rope.freq_base', 1_000_000),
    rope_local_base_freq: about.number('rope.freq_base_swa', 10_000),
    final_logit_softcapping: about.number('final_logit_softcapping', 0) || null,
  }),
};
