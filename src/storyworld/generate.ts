import { FacetError } from '../shared/errors.ts';
import { registerOf, registers } from './registers/index.ts';
import { Rng } from './rng.ts';
import type { Item, RegisterId } from './types.ts';

export interface GenerateOptions {
  /** Draw only from these; their order is part of the draw. Default: all, in the order of the registry. */
  registers?: readonly RegisterId[];
  /** Relative shares of items. A register left out keeps its own `weight`; 0 leaves it out. */
  weights?: Partial<Record<RegisterId, number>>;
}

/** Seeds and item numbers are unsigned 32-bit: beyond that the random stream would repeat that of a smaller one. */
export const SEED_LIMIT = 2 ** 32;

function checkNumber(what: string, value: number): void {
  if (!Number.isInteger(value) || value < 0 || value >= SEED_LIMIT)
    throw new FacetError('bad-input', `The ${what} must be a whole number from 0 to ${SEED_LIMIT - 1}.`);
}

/**
 * Item `index` of the language under `seed`: a pure function of its arguments, so any item can be made again alone.
 * @throws FacetError `bad-input`: a number out of range, or no register with a positive weight
 * @throws RangeError an unknown register
 */
export function generate(seed: number, index: number, options: GenerateOptions = {}): Item {
  checkNumber('seed', seed);
  checkNumber('item number', index);
  const choices = (options.registers?.map(registerOf) ?? registers)
    .map((register) => ({ register, weight: options.weights?.[register.id] ?? register.weight }))
    .filter(({ weight }) => weight !== 0);
  const total = choices.reduce((sum, { weight }) => sum + weight, 0);
  if (!choices.every(({ weight }) => weight > 0) || !(total > 0 && total < Infinity))
    throw new FacetError('bad-input', 'Weights must not be negative, and one register needs a positive one.');
  const rng = new Rng(seed, index);
  let left = rng.unit() * total;
  for (const { register, weight } of choices) {
    left -= weight;
    if (left < 0) return register.generate(rng);
  }
  return choices.at(-1)!.register.generate(rng);
}

/** Items 0 … count − 1. */
export function sample(seed: number, count: number, options: GenerateOptions = {}): Item[] {
  return Array.from({ length: count }, (_, index) => generate(seed, index, options));
}
