import { toFloat32 } from '../../shared/dtype.ts';
import { FacetError } from '../../shared/errors.ts';
import type { GgufArchitecture } from './architecture.ts';
import { decoder, decoderConfig } from './decoder.ts';
import type { GgufFile, Metadata } from './metadata.ts';
import { scalingOf } from './rope-freqs.ts';

const ROPE_FREQS = 'rope_freqs.weight';

async function config(about: Metadata, file: GgufFile): Promise<object> {
  const heads = about.number('attention.head_count');
  const rotary = about.number('rope.dimension_count', about.number('embedding_length') / heads);
  const headDim = about.number('attention.key_length', rotary);
  if (rotary !== headDim || about.number('attention.value_length', headDim) !== headDim)
    throw new FacetError(
      'unsupported',
      'Llama models with partly rotated or unequal heads are not supported.',
    );
  const fields = {
    ...decoderConfig(about, file),
    model_type: 'llama',
    head_dim: headDim,
    hidden_act: 'silu',
    attention_bias: file.info('blk.0.attn_q.bias') !== undefined,
    mlp_bias: file.info('blk.0.ffn_up.bias') !== undefined,
  };
  const freqs = file.info(ROPE_FREQS);
  if (!freqs) return fields;
  if (freqs.shape.length !== 1 || freqs.shape[0] !== headDim / 2)
    throw new FacetError('bad-file', `The tensor "${ROPE_FREQS}" does not fit heads of ${headDim} values.`);
  const stored = toFloat32(await file.read(ROPE_FREQS), freqs.dtype);
  return { ...fields, rope_scaling: scalingOf(stored, about.number('rope.freq_base', 10_000)) };
}

/**
 * Llama: the rows of query and key heads are stored so that the pairs which rotate together, i and i + n/2 in Hugging
 * Face's layout, are neighbours.
 * @source llama.cpp `LlamaModel.permute`, `LlamaModel.set_gguf_parameters`
 */
export const llama: GgufArchitecture = {
  id: 'llama',
  ...decoder,
  read: [ROPE_FREQS],
  config,
  change(module, about, shape) {
    if (module !== 'attn_q' && module !== 'attn_k') return undefined;
    const all = about.number('attention.head_count');
    const heads = module === 'attn_q' ? all : about.number('attention.head_count_kv', all);
    const rows = (shape[0] ?? 0) / heads;
    if (!Number.isInteger(rows / 2))
      throw new FacetError('bad-file', `${shape[0]} rows of ${module} cannot be shared by ${heads} heads.`);
    const source = (row: number): number => {
      const at = row % rows;
      return row - at + (at < rows / 2 ? 2 * at : 2 * at - rows + 1);
    };
    return { kind: 'rows', source, unit: Infinity };
  },
};
