import { registerOf, registers } from './registers/index.ts';
import { Rng } from './rng.ts';
import type { Item, RegisterId } from './types.ts';

export interface GenerateOptions {
  /** Draw only from these. Default: all, by their weights. */
  registers?: readonly RegisterId[];
}

/** Item `index` of the language under `seed`: a pure function of both, so any item can be made again alone. */
export function generate(seed: number, index: number, options: GenerateOptions = {}): Item {
  const rng = new Rng(seed, index);
  const choices = options.registers?.map(registerOf) ?? registers;
  let left = rng.unit() * choices.reduce((sum, { weight }) => sum + weight, 0);
  for (const register of choices) {
    left -= register.weight;
    if (left < 0) return register.generate(rng);
  }
  return choices.at(-1)!.generate(rng);
}

/** Items 0 … count − 1. */
export function sample(seed: number, count: number, options: GenerateOptions = {}): Item[] {
  return Array.from({ length: count }, (_, index) => generate(seed, index, options));
}
