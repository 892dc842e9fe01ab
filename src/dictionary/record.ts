import type { DictionarySource } from './dictionary.ts';

/** Values ready for the GPU; `Uint16Array` holds raw f16 bits. */
export interface TensorData {
  data: Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;
  shape: readonly number[];
}

/**
 * What every file format is read into. Names and meaning follow SAELens:
 * p = (x − [b_dec]) · W_enc + b_enc, x̂ = f · W_dec + b_dec, whatever scaling the file asked for already folded in.
 */
export interface DictionaryRecord {
  hook: string;
  dIn: number;
  dSae: number;
  /** Id in `architectures/`. */
  architecture: string;
  /** Most features one token can have. */
  k: number;
  /** Whether b_dec is taken off the input before encoding. */
  subtractDecoderBias: boolean;
  source: DictionarySource;
  /** By name; each is read only when it is called for, so that one tensor at a time is in memory. */
  tensors: ReadonlyMap<string, () => Promise<TensorData>>;
}
