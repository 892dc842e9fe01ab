import { toFloat32 } from '../../src/shared/dtype.ts';
import { FacetError } from '../../src/shared/errors.ts';
import type { TensorInfo, TensorReader } from '../../src/shared/tensor-file.ts';
import { type SeededModel, tensorValues } from '../../src/engine/bench/workloads.ts';

export type Values = Float32Array<ArrayBuffer>;
export interface Array2 {
  values: Values;
  shape: readonly number[];
}

/** One set of weights for everyone: a checkpoint's tensors by their names there, all f32. */
export class Checkpoint implements TensorReader {
  readonly #tensors = new Map<string, Array2>();

  set(name: string, shape: readonly number[], values: Values): void {
    this.#tensors.set(name, { values, shape });
  }

  get(name: string): Array2 {
    const tensor = this.#tensors.get(name);
    if (!tensor) throw new FacetError('bug', `no tensor ${name}`);
    return tensor;
  }

  /** The same tensors but those whose name matches. */
  without(pattern?: RegExp): Checkpoint {
    const copy = new Checkpoint();
    for (const [name, { shape, values }] of this.#tensors)
      if (!pattern?.test(name)) copy.set(name, shape, values);
    return copy;
  }

  names(): string[] {
    return [...this.#tensors.keys()];
  }

  info(name: string): TensorInfo | undefined {
    const tensor = this.#tensors.get(name);
    return tensor && { dtype: 'F32', shape: tensor.shape };
  }

  async read(name: string, from = 0, to?: number): Promise<Uint8Array<ArrayBuffer>> {
    const part = this.get(name).values.subarray(from, to);
    return new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
  }

  /** A model of seeded weights. */
  static seeded({ tensors }: SeededModel): Checkpoint {
    const checkpoint = new Checkpoint();
    for (const tensor of tensors) checkpoint.set(tensor.name, tensor.shape, tensorValues(tensor));
    return checkpoint;
  }

  /** Everything a file holds, widened to f32. */
  static async from(file: TensorReader): Promise<Checkpoint> {
    const checkpoint = new Checkpoint();
    for (const name of file.names()) {
      const { dtype, shape } = file.info(name)!;
      // Files saved by transformers carry the prefix, the hub's own GPT-2 does not.
      checkpoint.set(name.replace(/^transformer\./, ''), shape, toFloat32(await file.read(name), dtype));
    }
    return checkpoint;
  }
}
