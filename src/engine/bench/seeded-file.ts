import { FacetError } from '../../shared/errors.ts';
import type { TensorInfo, TensorReader } from '../../shared/tensor-file.ts';
import { type SeededModel, type SeededTensor, tensorValues } from './workloads.ts';

/** A seeded model's tensors as a weights file has them; made as they are read, so that none is ever whole in memory. */
export class SeededFile implements TensorReader {
  readonly #tensors: ReadonlyMap<string, SeededTensor>;

  constructor({ tensors }: SeededModel) {
    this.#tensors = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  }

  names(): string[] {
    return [...this.#tensors.keys()];
  }

  info(name: string): TensorInfo | undefined {
    const tensor = this.#tensors.get(name);
    return tensor && { dtype: 'F32', shape: tensor.shape };
  }

  read(name: string, from?: number, to?: number): Promise<Uint8Array<ArrayBuffer>> {
    const tensor = this.#tensors.get(name);
    if (!tensor) return Promise.reject(new FacetError('not-found', `no tensor ${name}`));
    return Promise.resolve(new Uint8Array(tensorValues(tensor, from, to).buffer));
  }
}
