import type { GgufArchitecture } from './architecture.ts';
import { rowsOf } from './decoder.ts';

const TRANSPOSED = ['attn_qkv', 'attn_output', 'ffn_up', 'ffn_down'];

/** GPT-2: Conv1D matrices are stored transposed, so that rows can be quantised. @source llama.cpp `GPT2Model` */
export const gpt2: GgufArchitecture = {
  id: 'gpt2',
  outside: {
    token_embd: 'transformer.wte',
    position_embd: 'transformer.wpe',
    output_norm: 'transformer.ln_f',
    output: 'lm_head',
  },
  block: (n) => `transformer.h.${n}.`,
  inBlock: {
    attn_norm: 'ln_1',
    attn_qkv: 'attn.c_attn',
    attn_output: 'attn.c_proj',
    ffn_norm: 'ln_2',
    ffn_up: 'mlp.c_fc',
    ffn_down: 'mlp.c_proj',
  },
  config: (about, file) => ({
    model_type: 'gpt2',
    n_embd: about.number('embedding_length'),
    n_layer: about.number('block_count'),
    n_head: about.number('attention.head_count'),
    n_inner: about.number('feed_forward_length'),
    n_positions: about.number('context_length'),
    vocab_size: rowsOf(file, 'token_embd.weight'),
    layer_norm_epsilon: about.number('attention.layer_norm_epsilon'),
    activation_function: 'gelu_new',
    tie_word_embeddings: file.info('output.weight') === undefined,
  }),
  change: (module, _about, shape) =>
    TRANSPOSED.includes(module) && shape.length === 2 ? { kind: 'transpose' } : undefined,
};
