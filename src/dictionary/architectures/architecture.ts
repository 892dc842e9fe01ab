import type { Batch } from '../../gpu/batch.ts';
import type { Tensor } from '../../gpu/tensor.ts';
import type { GpuCodes } from '../codes.ts';
import type { DictionaryRecord } from '../record.ts';

export type Axis = 'd_in' | 'd_sae' | 'd_out';

/** How one kind of dictionary chooses its features. One file each, listed in `index.ts`; the rest is common to all. */
export interface Architecture {
  /** As SAELens spells it. */
  id: string;
  /** Tensors it needs besides W_enc, W_dec and b_dec, by their SAELens names. */
  vectors: readonly string[];
  /** Whether every token has the same number of places, `k`; else as many features as pass are active. */
  fixed: boolean;
  /**
   * One vector [d_sae · n] made of `vectors` and put on the GPU in their place, as [d_sae, n].
   * @param vector gives [d_sae] values
   */
  combine?: (vector: (name: string) => Float32Array, dSae: number) => Float32Array<ArrayBuffer>;
  /**
   * The number that becomes the activation of a feature which fires, (s · W_enc) · scale + constant: where its scale
   * (1 unless given) and its constant are in an uploaded vector [d_sae, width]. `gate`: where its fires-or-not is up to the
   * feature alone, s · W_enc + bias > threshold.
   */
  value: {
    vector: string;
    width: number;
    scale?: number;
    constant: number;
    gate?: { bias: number; threshold: number };
  };
  /** @throws FacetError `bad-file`, `unsupported` for a record it cannot compute */
  check?(record: DictionaryRecord): void;
  /**
   * @param input.x [T, d_in] f32, normalised and without b_dec
   * @param input.k places per token: the record's k, or the room there is
   * @returns scratch tensors of the batch
   */
  encode(batch: Batch, input: EncoderInput): GpuCodes;
}

export interface EncoderInput {
  x: Tensor;
  k: number;
  /** [d_in, d_sae padded to a multiple of 4], or its parts, consecutive columns. */
  wEnc: readonly Tensor[];
  /** The uploaded vector of that name, or `combined`. */
  vector: (name: string) => Tensor;
}
