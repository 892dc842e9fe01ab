/** Element types named as safetensors names them. */
export type FileDType =
  'F64' | 'F32' | 'F16' | 'BF16' | 'I64' | 'I32' | 'U32' | 'U16' | 'I16' | 'U8' | 'I8' | 'BOOL';

export interface TensorInfo {
  dtype: FileDType;
  shape: readonly number[];
}

/** Named tensors somewhere: a safetensors file in memory or behind Range requests. */
export interface TensorReader {
  names(): string[];
  /** @returns undefined when there is no such tensor. */
  info(name: string): TensorInfo | undefined;
  /** Raw little-endian row-major bytes, exactly the tensor's size. @throws FacetError `not-found` */
  read(name: string): Promise<Uint8Array<ArrayBuffer>>;
}
