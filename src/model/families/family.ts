import type { ModelConfig } from '../config.ts';

/** A tensor in a checkpoint. */
export interface WeightSource {
  /** Names it may have; the first present wins. */
  names: readonly string[];
  /** Shape in the file. Anything else is refused before allocation. */
  shape: readonly number[];
}

/** One of the runtime's tensors and what it is made of. */
export interface WeightSpec {
  /** The runtime's name, e.g. `blocks.0.attn.W_O`. */
  name: string;
  /** Their rows follow each other on the GPU; all columns are equal. */
  sources: readonly WeightSource[];
  /** Shape on the GPU. */
  shape: readonly number[];
  /** Matrices may be stored packed; vectors are always f32. */
  kind: 'matrix' | 'vector';
  /** [N, K] as torch's Linear has it, or [K, N]. Only `nk` matrices can be split by rows. */
  layout: 'nk' | 'kn';
  /** Rows in the file are [groups][parts][rest] and become [parts][groups][rest]. */
  interleaved?: { groups: number; parts: number };
  /** Added to every value, for norms whose file holds the gain less 1. */
  plus?: number;
  /** A model whose file lacks it does without: an unembedding that is absent is the embedding. */
  optional?: boolean;
  /**
   * What the configuration says is the same matrix. A file with only that one has this; where it holds both and their
   * values differ, the other is loaded as well.
   * @source transformers 5.23 `PreTrainedModel.tie_weights`
   */
  twin?: WeightSpec;
}

/** One architecture: how its configuration reads and where its weights are. Registered in `index.ts`. */
export interface ModelFamily {
  /** Hugging Face `model_type`s. */
  ids: readonly string[];
  /**
   * @param json contents of `config.json`, not trusted
   * @throws FacetError `bad-file` when a field is missing or wrong, `unsupported` when it asks for what is not implemented
   */
  parseConfig(json: unknown): ModelConfig;
  weights(config: ModelConfig): WeightSpec[];
}
