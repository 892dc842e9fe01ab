import type { Batch } from '../gpu/batch.ts';
import type { Tensor } from '../gpu/tensor.ts';
import type { GpuCodes } from './codes.ts';
import type { EncoderRows } from './encoder-rows.ts';

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
  /** What a person should know before trusting it, in sentences. */
  notes?: readonly string[];
}

/** A sparse dictionary on the GPU: activations at one hook → a few features each → activations at the same or another. */
export interface Dictionary extends Disposable {
  readonly id: string;
  /** TransformerLens name of the activation it reads. */
  readonly hook: string;
  /** The activation it reconstructs: `hook`, except for transcoders. */
  readonly hookOut: string;
  /** The only attention head of `hook` and `hookOut` it is about; their other columns it neither reads nor writes. */
  readonly headIndex?: number;
  readonly dIn: number;
  readonly dOut: number;
  readonly dSae: number;
  /** Id in `architectures/`. */
  readonly architecture: string;
  /** Most features one token can have. */
  readonly k: number;
  /** Places per token the next `encode` gives: `k` where that is small and fixed, else what texts needed so far. */
  readonly room: number;
  readonly source: DictionarySource;
  /**
   * [d_sae, d_out], one feature's direction a row: a unit of its activation adds this row to x̂. Where the input is
   * normalised (`rescales`), the row is first multiplied by the token's own scale: its deviation or norm / √d. In parts
   * of consecutive rows, one unless the device's buffers are small.
   */
  readonly wDec: readonly Tensor[];
  /** Whether x̂ is scaled back to the size its token's x had. */
  readonly rescales: boolean;
  /**
   * [d_sae] what the number that would be a feature's activation (`encoderRows`) must exceed for it to be active; undefined
   * where that depends on the other features of the token, as among the k largest.
   */
  readonly bars?: Float32Array;
  /** [d_sae] L2 norms of the rows of wDec. */
  readonly decoderNorms: Tensor;
  /** Bytes it holds on the GPU. */
  readonly byteLength: number;
  /**
   * @param x [T, d_in] f32; of a single head's dictionary, that head's columns
   * @returns scratch tensors of the batch; `counts` above `room` mean that features were left out, and that all of it
   *   must be done again after `makeRoom`: see `withRoom`
   */
  encode(batch: Batch, x: Tensor, context?: EncodeContext): GpuCodes;
  /**
   * @param x what was encoded, for the scale and the mean that encoding took off, and for skip connections
   * @returns x̂, scratch [T, d_out]
   */
  decode(batch: Batch, codes: GpuCodes, x: Tensor): Tensor;
  /**
   * How the number that becomes a feature's activation when it fires is made of the input x of its token:
   * (x · direction) · in + constant, where in is the token's own scale (`inputScales`), 1 where the input is not
   * normalised; b_dec and centring are folded in. For a fixed scale it is exact. Of a gated dictionary it is the magnitude
   * path, W_enc · exp(r_mag) and b_mag; whether the feature fires is up to its gate.
   * @returns scratch tensors of the batch
   * @throws FacetError `bad-input` for a feature the dictionary does not have
   */
  encoderRows(batch: Batch, features: readonly number[]): EncoderRows;
  /**
   * @param x as `encode` takes it
   * @returns scratch [T, 4]: a shift that `encoderRows` has folded in, the scale `in`, and the scale x̂ is multiplied by
   *   where the dictionary `rescales`; undefined where the input is taken as it is
   */
  inputScales(batch: Batch, x: Tensor): Tensor | undefined;
  /** Gives later encodings at least `count` places per token. @throws FacetError `limits` when that many do not fit */
  makeRoom(count: number, tokens: number): void;
  dispose(): void;
}
