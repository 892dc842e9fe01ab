import type { TensorReader } from '../../shared/tensor-file.ts';
import type { DictionaryRecord } from '../record.ts';
import type { Storage } from '../tensor-source.ts';

/** A dictionary as its files hold it. */
export interface FormatFiles {
  /** Parsed JSON of any origin; undefined where there is none. */
  config?: unknown;
  weights: TensorReader;
  /** Path of the weights file inside its repository or folder, with `/`; '' when it is not known. */
  path: string;
  /** `owner/name` on the hub. */
  repository?: string;
}

/** One published file layout. One file each, listed in `index.ts`. */
export interface DictionaryFormat {
  id: string;
  files: {
    /** Matches the path of a weights file inside its repository or folder. */
    weights: RegExp;
    /** Path of the configuration that belongs to a weights file, relative to it; none where the format has none. */
    config?: (weights: string) => string;
    /** Whether a weights file without its configuration can still be read. */
    configOptional?: boolean;
    /** Whether a folder may hold several, each a file of its own; else the folder is the dictionary. */
    several?: boolean;
    /** Both, as a person would name them. */
    names: string;
  };
  /** Whether files look like this format's, from the keys of the configuration and the names of the tensors. */
  matches(files: FormatFiles): boolean;
  /**
   * Checks configuration and tensor names, types and shapes before it reads a tensor; then at most single numbers.
   * @throws FacetError `bad-file` when it contradicts itself, `unsupported` when it is right but not covered
   */
  read(files: FormatFiles, storage: Storage): Promise<DictionaryRecord>;
}

/** Whether a configuration is an object with all of these keys. */
export function hasKeys(config: unknown, ...keys: string[]): config is Record<string, unknown> {
  return typeof config === 'object' && config !== null && keys.every((key) => key in config);
}

/** The file of that name in the folder of another. */
export function beside(path: string, name: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1) + name;
}
