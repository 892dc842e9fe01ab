import { numberToFloat16 } from '../shared/dtype.ts';
import { FacetError } from '../shared/errors.ts';
import type { FileDType, TensorInfo, TensorReader } from '../shared/tensor-file.ts';

const scratch = new DataView(new ArrayBuffer(4));

/** Raw little-endian bytes of values stored as `dtype`; BF16 by dropping the low half, so give it exact values. */
export function tensorBytes(values: Float32Array, dtype: FileDType): Uint8Array<ArrayBuffer> {
  if (dtype === 'F32') return new Uint8Array(values.slice().buffer);
  const halves = Uint16Array.from(values, (value) => {
    if (dtype === 'F16') return numberToFloat16(value);
    scratch.setFloat32(0, value);
    return scratch.getUint16(0);
  });
  return new Uint8Array(halves.buffer);
}

/** Tensors in memory behind the interface a weights file has. */
export class MemoryTensors implements TensorReader {
  /** Names in the order they were read. */
  readonly reads: string[] = [];
  readonly #tensors = new Map<string, TensorInfo & { bytes: Uint8Array<ArrayBuffer> }>();

  set(name: string, values: Float32Array, shape: readonly number[], dtype: FileDType = 'F32'): this {
    this.#tensors.set(name, { dtype, shape, bytes: tensorBytes(values, dtype) });
    return this;
  }

  names(): string[] {
    return [...this.#tensors.keys()];
  }

  info(name: string): TensorInfo | undefined {
    return this.#tensors.get(name);
  }

  async read(name: string, from = 0, to?: number): Promise<Uint8Array<ArrayBuffer>> {
    const tensor = this.#tensors.get(name);
    if (!tensor) throw new FacetError('not-found', `no tensor ${name}`);
    this.reads.push(name);
    const width = tensor.dtype === 'F32' ? 4 : 2;
    return tensor.bytes.subarray(from * width, to === undefined ? undefined : to * width);
  }
}
