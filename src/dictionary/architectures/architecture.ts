import type { Batch } from '../../gpu/batch.ts';
import type { Tensor } from '../../gpu/tensor.ts';
import type { GpuCodes } from '../codes.ts';
import type { EncodeContext } from '../dictionary.ts';
import type { DictionaryRecord } from '../record.ts';

export type Axis = 'd_in' | 'd_sae';

/** How one kind of dictionary computes. One file each, listed in `index.ts`; formats and loading follow from this. */
export interface Architecture {
  /** As SAELens spells it. */
  id: string;
  /** Tensors it needs, by their SAELens names. A matrix that ends in d_sae is padded to a multiple of 4 columns. */
  tensors: Readonly<Record<string, readonly Axis[]>>;
  /** @param tensor gives the uploaded tensor of that name */
  build(record: DictionaryRecord, tensor: (name: string) => Tensor): Codec;
}

export interface Codec {
  encode(batch: Batch, x: Tensor, context?: EncodeContext): GpuCodes;
  decode(batch: Batch, codes: GpuCodes): Tensor;
}
