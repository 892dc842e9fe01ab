import type { ModelConfig } from '../config.ts';

/** Where one of the runtime's tensors comes from in a checkpoint. */
export interface WeightSpec {
  /** The runtime's name, e.g. `blocks.0.attn.W_O`. */
  name: string;
  /** Names it may have in the file; the first present wins. */
  sources: string[];
  /** Shape in the file. Anything else is refused before allocation. */
  shape: number[];
  /** Matrices may be stored as packed f16 on the GPU; vectors are always f32. */
  kind: 'matrix' | 'vector';
}

/** One architecture: how its configuration reads and where its weights are. Registered in `index.ts`. */
export interface ModelFamily {
  /** Hugging Face `model_type`. */
  id: string;
  /**
   * @param json contents of `config.json`, not trusted
   * @throws FacetError `bad-file` when a field is missing or wrong, `unsupported` when it asks for what is not implemented
   */
  parseConfig(json: unknown): ModelConfig;
  weights(config: ModelConfig): WeightSpec[];
}
