import { expect, test } from 'vitest';
import type { FileSet } from '../engine/protocol.ts';
import { neededFiles } from './obtain.ts';
import { listingOf, missingOf, partOfSet, withWeights } from './sets.ts';

const given = (...paths: string[]) => paths.map((path) => ({ path, blob: new Blob(['12345']) }));
const set: FileSet = {
  id: 'local:0123456789abcdef',
  title: 'Mine',
  files: given(
    'config.json',
    'tokenizer.json',
    'model-Q4_0.gguf',
    'saes/l1/cfg.json',
    'saes/l10/cfg.json',
    'z_v9_cfg.json',
  ),
  absent: [
    { path: 'model.safetensors', bytes: 100 },
    { path: 'saes/l1/sae.safetensors', bytes: 50 },
    { path: 'z_v9.safetensors', bytes: 7 },
    { path: 'z_v91.safetensors', bytes: 7 },
  ],
};
const paths = ({ files, absent = [] }: FileSet): string[] => [...files, ...absent].map(({ path }) => path);

test('a folder of a set, and files that begin alike, keep their paths', () => {
  const folder = partOfSet(set, 'saes/l1');
  expect(folder.id).toBe('local:0123456789abcdef:saes/l1');
  expect(paths(folder)).toEqual(['saes/l1/cfg.json', 'saes/l1/sae.safetensors']);
  expect(paths(partOfSet(set, 'z_v9'))).toEqual(['z_v9_cfg.json', 'z_v9.safetensors']);
  expect(partOfSet(set, '')).toBe(set);
});

test('a chosen weights file hides the others', () => {
  const chosen = withWeights(set, 'model-Q4_0.gguf');
  expect(chosen.id).toBe('local:0123456789abcdef:model-Q4_0.gguf');
  expect(paths(chosen)).toContain('model-Q4_0.gguf');
  expect(paths(chosen)).not.toContain('model.safetensors');
});

test('what opening needs and what of it is missing', () => {
  expect(missingOf(set, ['config.json', 'model.safetensors'])).toEqual(['model.safetensors']);
  expect(listingOf(set)).toContainEqual({ path: 'config.json', bytes: 5 });
  const dictionary = {
    path: 'saes/l1',
    format: 'sae-lens',
    files: [
      { path: 'saes/l1/cfg.json', bytes: 5 },
      { path: 'saes/l1/sae.safetensors', bytes: 50 },
    ],
  };
  const look = { set, inspection: { id: set.id, dictionaries: [dictionary], notes: [] } };
  expect(neededFiles(look, 'model', '')).toEqual({
    paths: ['config.json', 'tokenizer.json', 'model.safetensors'],
    missing: ['model.safetensors'],
    bytes: 110,
    missingBytes: 100,
  });
  expect(neededFiles(look, 'model', 'model-Q4_0.gguf')).toMatchObject({ missing: [], missingBytes: 0 });
  expect(neededFiles(look, 'dictionary', 'saes/l1')).toMatchObject({ missingBytes: 50 });
  expect(neededFiles(look, 'dictionary', 'saes/l2')).toBeUndefined();
  expect(neededFiles(look, 'model', 'other.gguf')).toBeUndefined();
});
