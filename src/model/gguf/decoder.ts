import { FacetError } from '../../shared/errors.ts';
import type { GgufArchitecture } from './architecture.ts';
import type { GgufFile, Metadata } from './metadata.ts';

/** Names that Llama and its descendants share. @source gguf-py `tensor_mapping.py` */
export const decoder = {
  outside: { token_embd: 'model.embed_tokens', output_norm: 'model.norm', output: 'lm_head' },
  block: (n: number) => `model.layers.${n}.`,
  inBlock: {
    attn_norm: 'input_layernorm',
    attn_q: 'self_attn.q_proj',
    attn_k: 'self_attn.k_proj',
    attn_v: 'self_attn.v_proj',
    attn_output: 'self_attn.o_proj',
    ffn_norm: 'post_attention_layernorm',
    ffn_gate: 'mlp.gate_proj',
    ffn_up: 'mlp.up_proj',
    ffn_down: 'mlp.down_proj',
  },
} as const satisfies Partial<GgufArchitecture>;

/** Configuration fields that Llama and its descendants share. */
export function decoderConfig(about: Metadata, file: GgufFile): object {
  if (about.number('expert_count', 0) > 0)
    throw new FacetError('unsupported', 'Mixtures of experts are not supported.');
  const heads = about.number('attention.head_count');
  return {
    hidden_size: about.number('embedding_length'),
    intermediate_size: about.number('feed_forward_length'),
    num_hidden_layers: about.number('block_count'),
    num_attention_heads: heads,
    num_key_value_heads: about.number('attention.head_count_kv', heads),
    max_position_embeddings: about.number('context_length'),
    rms_norm_eps: about.number('attention.layer_norm_rms_epsilon'),
    rope_theta: about.number('rope.freq_base', 10_000),
    rope_scaling: ropeScaling(about),
    vocab_size: rowsOf(file, 'token_embd.weight'),
    tie_word_embeddings: file.info('output.weight') === undefined,
  };
}

/** @throws FacetError `bad-file` when there is no such tensor */
export function rowsOf(file: GgufFile, tensor: string): number {
  const rows = file.info(tensor)?.shape[0];
  if (rows === undefined) throw new FacetError('bad-file', `The GGUF file has no tensor "${tensor}".`);
  return rows;
}

function ropeScaling(about: Metadata): object | null {
  const type = about.text(`${about.architecture}.rope.scaling.type`, 'none');
  if (type === 'none') return null;
  const factor = about.number('rope.scaling.factor', 1);
  if (type === 'linear') return factor === 1 ? null : { rope_type: 'linear', factor };
  throw new FacetError(
    'unsupported',
    `Scaling of rotary positions by "${type.slice(0, 40)}" is not supported.`,
  );
}
