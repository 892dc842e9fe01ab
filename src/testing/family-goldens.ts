import { inMemory } from '../library/random-access.ts';
import { SafetensorsReader } from '../library/safetensors.ts';
import type { TensorReader } from '../shared/tensor-file.ts';
import type { GoldenArray } from './golden.ts';

/** What `training/goldens_families.py` wrote of one tiny model. */
export interface FamilyGolden {
  /** By number of tokens. */
  ids: Record<string, number[]>;
  logits: Record<string, GoldenArray>;
  /** Of the prompt of 11 tokens; empty where transformer-lens has no such variant. */
  hooks: Record<string, GoldenArray>;
}

const configs = import.meta.glob<Record<string, unknown>>('../model/goldens/families/*/config.json', {
  eager: true,
  import: 'default',
});
const goldens = import.meta.glob<FamilyGolden>('../model/goldens/families/*/golden.json', {
  import: 'default',
});
const files = import.meta.glob<string>('../model/goldens/families/*/model.safetensors', {
  eager: true,
  query: '?url',
  import: 'default',
});

function of<Value>(map: Record<string, Value>, name: string): Value {
  return Object.entries(map).find(([path]) => path.split('/').at(-2) === name)![1];
}

export const familyNames = Object.keys(configs).map((path) => path.split('/').at(-2)!);

export function familyConfig(name: string): Record<string, unknown> {
  return structuredClone(of(configs, name));
}

export function familyGolden(name: string): Promise<FamilyGolden> {
  return of(goldens, name)();
}

/** The model's file, as the product reads one. */
export function familyTensors(name: string): Promise<TensorReader> {
  return openUrl(name, of(files, name));
}

export async function openUrl(name: string, address: string): Promise<TensorReader> {
  const response = await fetch(new URL(address, self.location.origin));
  return SafetensorsReader.open(name, inMemory(new Uint8Array(await response.arrayBuffer())));
}
