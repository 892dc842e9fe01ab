/** Element types named as safetensors names them. */
export type FileDType =
  | 'F64'
  | 'F32'
  | 'F16'
  | 'BF16'
  | 'I64'
  | 'I32'
  | 'U32'
  | 'U16'
  | 'I16'
  | 'U8'
  | 'I8'
  | 'BOOL';

export interface TensorInfo {
  dtype: FileDType;
  shape: readonly number[];
  /** Type in the file when the reader widens it, e.g. `Q4_K`; then `dtype` is what `read` gives. */
  stored?: string;
}

/** Named tensors somewhere: a safetensors or GGUF file in memory, on disk or kept by the library. */
export interface TensorReader {
  names(): string[];
  /** @returns undefined when there is no such tensor. */
  info(name: string): TensorInfo | undefined;
  /**
   * Raw little-endian row-major bytes of the elements from … to − 1, by default of all. Large tensors are read a part
   * at a time, so that none is ever whole in memory.
   * @throws FacetError `not-found`, `bad-file` when fewer bytes are there
   */
  read(name: string, from?: number, to?: number): Promise<Uint8Array<ArrayBuffer>>;
}
