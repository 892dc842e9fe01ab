import type { Batch } from '../gpu/batch.ts';
import type { Tensor } from '../gpu/tensor.ts';
import type { GpuCodes } from './codes.ts';

/** What some architectures need besides the activations they encode. */
export interface EncodeContext {
  /** [T, d_in] gradient of the objective at the hook, for selection by attribution. */
  gradient?: Tensor;
}

/** Where a dictionary comes from, as far as its file says. */
export interface DictionarySource {
  /** Id of the file format. */
  format: string;
  modelName?: string;
  datasetPath?: string;
  contextSize?: number;
  /** Whether it was trained on sequences that begin with the beginning-of-text token. */
  prependBos?: boolean;
  /** Version of the library that wrote it. */
  version?: string;
}

/** A sparse dictionary on the GPU: activations at one hook ⇄ a few features each. */
export interface Dictionary extends Disposable {
  readonly id: string;
  /** TransformerLens name of the activation it reads and reconstructs. */
  readonly hook: string;
  readonly dIn: number;
  readonly dSae: number;
  /** Id in `architectures/`. */
  readonly architecture: string;
  /** Most features one token can have. */
  readonly k: number;
  readonly source: DictionarySource;
  /** [d_sae, d_in], one feature's direction a row: a unit of its activation adds this row. */
  readonly wDec: Tensor;
  /** [d_sae] L2 norms of those rows. */
  readonly decoderNorms: Tensor;
  /** Bytes it holds on the GPU. */
  readonly byteLength: number;
  /**
   * @param x [T, d_in] f32
   * @returns scratch tensors of the batch
   */
  encode(batch: Batch, x: Tensor, context?: EncodeContext): GpuCodes;
  /** @returns x̂, scratch [T, d_in] */
  decode(batch: Batch, codes: GpuCodes): Tensor;
  dispose(): void;
}
