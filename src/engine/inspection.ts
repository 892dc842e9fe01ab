import type { FacetErrorRecord } from '../shared/errors.ts';
import type { ModelInfo } from './protocol.ts';

// The part of the protocol about files and what is in them.

/** A folder on this site's own origin with a model (Hugging Face layout) or a dictionary (SAELens layout) in it. */
export interface FolderReference {
  /** Address relative to the page, ending in `/`. */
  folder: string;
  /** Name to show. */
  id: string;
  /** What lies in it; its server must answer Range requests. */
  files: readonly { path: string; bytes: number; sha256?: string }[];
  /** Where the folder lies in its repository or on disk: some formats tell the hook by it. */
  within?: string;
  /** See `FileSet`. */
  absent?: readonly { path: string; bytes: number }[];
}

/**
 * Files at hand: dropped by the visitor, or downloaded and kept by the library. The engine reads them a part at a time
 * and never fetches anything from elsewhere.
 */
export interface FileSet {
  /** What links call it: `hf:owner/name@revision`, with `:folder` for a part of it, or `local:` and a digest. */
  id: string;
  title: string;
  license?: string;
  files: readonly GivenFile[];
  /** Files that exist but are not here, so that an inspection can say what opening would need. */
  absent?: readonly { path: string; bytes: number }[];
}

export interface GivenFile {
  /** Relative to the set, with `/` between folders. */
  path: string;
  blob: Blob;
  /** Hex digest, checked or computed by whoever made the set; computed by the engine for weights when it is missing. */
  sha256?: string;
}

/** What a set of files holds and what opening it would take. Nothing is put on the GPU for it. */
export interface Inspection {
  id: string;
  model?: ModelInspection;
  /** Every dictionary found in the set, in order of path. */
  dictionaries: DictionaryInspection[];
  /** What was found but cannot be used, and what to do about it, e.g. that a `.pt` file must be converted. */
  notes: string[];
}

export interface ModelInspection {
  /** `model_type` of the configuration. */
  family: string;
  /** Why it cannot be opened; what could be learnt all the same is in the other fields. */
  refusal?: FacetErrorRecord;
  config?: Pick<ModelInfo, 'nLayers' | 'nHeads' | 'dModel' | 'dMlp' | 'dVocab' | 'nCtx'> & {
    nKvHeads: number;
    dHead: number;
  };
  parameters?: number;
  hooks: { name: string; width: number }[];
  /** Files that opening reads, with their sizes. */
  files: { path: string; bytes: number }[];
  /** `safetensors`, `safetensors in 3 files`, `GGUF Q4_K` … */
  weights: string;
  /** In words, e.g. `BPE, 49,152 tokens`. */
  tokenizer: string;
  memory?: MemoryEstimate;
}

/** Bytes the GPU will hold, against what the adapter allows. */
export interface MemoryEstimate {
  /** With matrices packed as f16 where that loses nothing the file has, and as f32. */
  weights: { file: number; f16: number; f32: number };
  /** Scratch of one reading of the longest window. */
  passes: number;
  /** Largest single tensor, before splitting, and what one binding may hold. */
  largestTensor: number;
  largestBinding: number;
  /** Why it will not fit, when that can be foreseen. */
  problem?: string;
}

export interface DictionaryInspection {
  /** Folder, or file, relative to the set. */
  path: string;
  format: string;
  refusal?: FacetErrorRecord;
  architecture?: string;
  hook?: string;
  /** Where its reconstruction goes when that is another hook (transcoders). */
  hookOut?: string;
  dIn?: number;
  dSae?: number;
  modelName?: string;
  files: { path: string; bytes: number }[];
}
