import { FacetError } from '../../shared/errors.ts';
import type { GgufArchitecture } from './architecture.ts';
import { rowsOf } from './decoder.ts';

/**
 * GPT-NeoX: the fused rows are stored as all queries, all keys, all values; Hugging Face has them head by head.
 * @source llama.cpp `GPTNeoXModel`
 */
export const gptneox: GgufArchitecture = {
  id: 'gptneox',
  outside: { token_embd: 'gpt_neox.embed_in', output_norm: 'gpt_neox.final_layer_norm', output: 'embed_out' },
  block: (n) => `gpt_neox.layers.${n}.`,
  inBlock: {
    attn_norm: 'input_layernorm',
    attn_qkv: 'attention.query_key_value',
    attn_output: 'attention.dense',
    ffn_norm: 'post_attention_layernorm',
    ffn_up: 'mlp.dense_h_to_4h',
    ffn_down: 'mlp.dense_4h_to_h',
  },
  config(about, file) {
    const dModel = about.number('embedding_length');
    const heads = about.number('attention.head_count');
    return {
      model_type: 'gpt_neox',
      hidden_size: dModel,
      intermediate_size: about.number('feed_forward_length'),
      num_hidden_layers: about.number('block_count'),
      num_attention_heads: heads,
      max_position_embeddings: about.number('context_length'),
      layer_norm_eps: about.number('attention.layer_norm_epsilon'),
      rotary_pct: about.number('rope.dimension_count') / (dModel / heads),
      rotary_emb_base: about.number('rope.freq_base', 10_000),
      use_parallel_residual: about.flag('gptneox.use_parallel_residual', true),
      hidden_act: 'gelu',
      vocab_size: rowsOf(file, 'token_embd.weight'),
      tie_word_embeddings: file.info('output.weight') === undefined,
    };
  },
  change(module, about, shape) {
    if (module !== 'attn_qkv') return undefined;
    const heads = about.number('attention.head_count');
    const rows = (shape[0] ?? 0) / (3 * heads);
    if (!Number.isInteger(rows))
      throw new FacetError('bad-file', `${shape[0]} rows of ${module} cannot be shared by ${heads} heads.`);
    const source = (row: number): number => {
      const part = Math.floor(row / rows);
      return ((part % 3) * heads + Math.floor(part / 3)) * rows + (row % rows);
    };
    return { kind: 'rows', source, unit: rows };
  },
};
