import { FacetError } from '../../shared/errors.ts';
import type { TensorReader } from '../../shared/tensor-file.ts';

/** A GGUF file as this folder needs it: its tensors under llama.cpp's names, and what it says of its model. */
export interface GgufFile extends TensorReader {
  readonly metadata: ReadonlyMap<string, unknown>;
}

/** Typed look-ups; each throws FacetError `bad-file` when the key has another type, or is missing without a default. */
export class Metadata {
  /** `general.architecture`; the keys given to the others are looked up under it. */
  readonly architecture: string;

  constructor(private readonly all: ReadonlyMap<string, unknown>) {
    this.architecture = this.text('general.architecture');
  }

  /** A hyperparameter, e.g. `block_count`. Those stored as f32 are given as the shortest decimal that is the same f32. */
  number(key: string, otherwise?: number): number {
    return this.plainNumber(`${this.architecture}.${key}`, otherwise);
  }

  plainNumber(key: string, otherwise?: number): number {
    const value = this.all.get(key) ?? otherwise;
    if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong(key, 'a number');
    return shortest(value);
  }

  flag(key: string, otherwise: boolean): boolean {
    const value = this.all.get(key) ?? otherwise;
    if (typeof value !== 'boolean') throw wrong(key, 'true or false');
    return value;
  }

  /** A text under its full key. */
  text(key: string, otherwise?: string): string {
    const value = this.all.get(key) ?? otherwise;
    if (typeof value !== 'string') throw wrong(key, 'a text');
    return value;
  }

  has(key: string): boolean {
    return this.all.has(key);
  }

  /** A list of texts under its full key. */
  texts(key: string): readonly string[] {
    const value = this.all.get(key);
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string'))
      throw wrong(key, 'a list of texts');
    return value;
  }

  /** A list of numbers under its full key, as long as said. */
  numbers(key: string, length: number): Int32Array | Float32Array | undefined {
    const value = this.all.get(key);
    if (value === undefined) return undefined;
    if (!(value instanceof Int32Array || value instanceof Float32Array) || value.length !== length)
      throw wrong(key, `a list of ${length} numbers`);
    return value;
  }
}

function wrong(key: string, wanted: string): FacetError {
  return new FacetError('bad-file', `The GGUF file's metadata "${key}" is not ${wanted}.`, {
    hint: 'Convert the model again with a current llama.cpp, or use its safetensors.',
  });
}

function shortest(value: number): number {
  if (Number.isInteger(value) || Math.fround(value) !== value) return value;
  for (let digits = 1; digits < 9; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return rounded;
  }
  return value;
}
