import type { WeightDType } from '../gpu/tensor.ts';
import type { DictionarySource } from './dictionary.ts';

/** A rectangle of a tensor, row-major; `Uint16Array` holds raw bits of f16 or bf16. A vector is one row. */
export interface TensorBlock {
  row: number;
  column: number;
  rows: number;
  columns: number;
  data: Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;
}

/** A tensor that is read a block at a time, so that no large one is ever whole in memory. */
export interface RecordTensor {
  shape: readonly number[];
  /** How its values are given and stored. */
  dtype: WeightDType;
  /** Blocks that cover it exactly once; a block that does not begin at column 0 begins at a multiple of 4. */
  blocks: () => AsyncIterable<TensorBlock>;
}

/** What is done to an activation before it is encoded; named as SAELens' `normalize_activations`. */
export type Normalization = 'none' | 'layer_norm' | 'constant_norm_rescale';

/**
 * What every file format is read into. Names and meaning follow SAELens:
 * s = normalise(x) − [b_dec], p = s · W_enc + b_enc, x̂ = restore(f · W_dec + b_dec) + [x · W_skipᵀ], with whatever
 * scaling of weights the file asked for already folded in.
 */
export interface DictionaryRecord {
  /** TransformerLens name of the activation it reads. */
  hook: string;
  /** The activation it reconstructs; `hook`, except for transcoders. */
  hookOut: string;
  /** The only attention head of `hook` it reads and reconstructs. */
  headIndex?: number;
  dIn: number;
  dOut: number;
  dSae: number;
  /** Id in `architectures/`. */
  architecture: string;
  /** How many features are kept, where that is fixed. */
  k?: number;
  /** Whether b_dec is taken off the input before encoding. */
  subtractDecoderBias: boolean;
  normalization: Normalization;
  /** Whether what normalisation took away is put back after decoding; transcoders do not. */
  restores: boolean;
  /**
   * Trained on a model whose writing weights were centred: reads x − mean(x), and the mean is put back after decoding.
   * @source TransformerLens `center_writing_weights`
   */
  centre: boolean;
  /**
   * Reads hook_z of a model whose constant part of z was moved to b_O: it is taken off before encoding and put back
   * after decoding. Whoever knows the model's weights gives it to `uploadDictionary` as `shift`.
   * @source TransformerLens `fold_value_biases`
   */
  withoutConstant?: boolean;
  source: DictionarySource;
  /** W_enc [d_in, d_sae], W_dec [d_sae, d_out], b_dec [d_out], W_skip [d_out, d_in], and what the architecture needs. */
  tensors: ReadonlyMap<string, RecordTensor>;
}
