import type { GgufFile, Metadata } from './metadata.ts';
import type { Change } from './rearranged.ts';

/** How llama.cpp writes the models of one family, and what undoes it. Registered in `index.ts`. */
export interface GgufArchitecture {
  /** `general.architecture`. */
  id: string;
  /** Modules outside of the blocks: llama.cpp's name → Hugging Face's. `.weight` and `.bias` follow. */
  outside: Readonly<Record<string, string>>;
  /** Where block `n` is, e.g. `model.layers.0.`, and its modules likewise. */
  block(n: number): string;
  inBlock: Readonly<Record<string, string>>;
  /** Tensors that `config` makes use of. */
  read?: readonly string[];
  /**
   * Fields of `config.json`.
   * @throws FacetError `bad-file` when the file does not say, `unsupported` for what Hugging Face's family is not
   */
  config(about: Metadata, file: GgufFile): object | Promise<object>;
  /** What was done to the values of a tensor. @param module as llama.cpp names it, without its block */
  change?(module: string, about: Metadata, shape: readonly number[]): Change | undefined;
  /**
   * SentencePiece merges by place in the vocabulary instead of by score, because scores of added tokens, which the
   * converter makes up, are in the way.
   */
  mergesByPlace?: boolean;
}
