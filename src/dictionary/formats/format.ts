import type { TensorReader } from '../../shared/tensor-file.ts';
import type { DictionaryRecord } from '../record.ts';

/** `file` keeps f16 matrices packed; `f32` widens everything. */
export type Storage = 'file' | 'f32';

/** One published file layout. One file each, listed in `index.ts`. */
export interface DictionaryFormat {
  id: string;
  /** Names of the files a folder of this format holds. */
  files: { config: string; weights: string };
  /** Whether a parsed configuration looks like this format's, from the keys it has. */
  matches(config: unknown): boolean;
  /**
   * Checks configuration and tensor names, types and shapes; reads no tensor yet.
   * @param config parsed JSON of any origin
   * @throws FacetError `bad-file` when it contradicts itself, `unsupported` when it is right but not covered
   */
  read(config: unknown, weights: TensorReader, storage: Storage): DictionaryRecord;
}
