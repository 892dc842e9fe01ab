import { expect, test } from 'vitest';
import type { StoredSet } from '../library/protocol.ts';
import {
  type EntryFilter,
  filterEntries,
  fitsAdapter,
  makeEntries,
  parseRepositoryInput,
  setsNearby,
} from './entries.ts';
import { parsePublished } from './published.ts';

const commit = '0123456789abcdef0123456789abcdef01234567';
const published = parsePublished({
  version: 1,
  models: [
    {
      repo: 'big/model',
      title: 'Big',
      family: 'llama',
      parameters: 1_000_000_000,
      gated: true,
      mirror: 'open/model',
      sets: [],
    },
    {
      repo: 'small/model',
      title: 'Small',
      family: 'gpt2',
      parameters: 1_000_000,
      sets: [
        {
          id: 'small-res',
          title: 'Residual stream',
          repo: 'someone/saes',
          format: 'sae-lens',
          author: 'Some One',
          dictionaries: [
            { path: 'a', hook: 'blocks.0.hook_resid_pre' },
            { path: 'b', hook: 'blocks.1.attn.hook_z' },
          ],
        },
      ],
    },
  ],
});
const site = [
  {
    id: 'storyworld-2m',
    title: 'Storyworld 2M',
    license: 'MIT',
    base: 'models/storyworld-2m',
    files: [{ path: 'model.safetensors', bytes: 5_000_000 }],
    dictionaries: [],
  },
];
const set = (id: string, title: string): StoredSet => ({
  id,
  title,
  files: [],
  bytes: 1,
  partialBytes: 0,
  lastUsed: 0,
  durable: true,
});
const stored = [
  set(`hf:small/model@${commit}`, 'small/model'),
  set(`hf:someone/saes@${commit}`, 'someone/saes'),
  set(`hf:other/thing@${commit}`, 'other/thing'),
  set('local:0123456789abcdef', 'My folder'),
  set('damaged:0123', 'Damaged set'),
];
const entries = makeEntries({ site, published }, stored, []);
const all: EntryFilter = { search: '', fits: false, hasDictionaries: false, stored: false };
const keys = (filter: Partial<EntryFilter>, buffer = 0): string[] =>
  filterEntries(entries, { ...all, ...filter }, buffer).map(({ key }) => key);

test('what is stored has one line: its model’s, or its own', () => {
  expect(keys({})).toEqual([
    'storyworld-2m',
    `hf:other/thing@${commit}`,
    'local:0123456789abcdef',
    'big/model',
    'small/model',
  ]);
  expect(entries.find(({ key }) => key === 'small/model')).toMatchObject({ stored: true, dictionaries: 2 });
  expect(entries.find(({ key }) => key === 'big/model')).toMatchObject({ stored: false, gated: true });
});

test('words are found in names, authors, hooks and sets, all of them and in any order', () => {
  expect(keys({ search: 'HOOK_Z' })).toEqual(['small/model']);
  expect(keys({ search: 'one some' })).toEqual(['small/model']);
  expect(keys({ search: 'open/model' })).toEqual(['big/model']);
  expect(keys({ search: 'folder' })).toEqual(['local:0123456789abcdef']);
  expect(keys({ search: 'small llama' })).toEqual([]);
});

test('dictionaries on this device are offered to the models they may be for', () => {
  const entry = (key: string) => entries.find((each) => each.key === key)!;
  expect(setsNearby(entry('small/model'), entries, stored)).toEqual([
    `hf:small/model@${commit}`,
    `hf:someone/saes@${commit}`,
    `hf:other/thing@${commit}`,
    'local:0123456789abcdef',
  ]);
  expect(setsNearby(entry('storyworld-2m'), entries, stored)).toEqual([
    `hf:other/thing@${commit}`,
    'local:0123456789abcdef',
  ]);
});

test('filters', () => {
  expect(keys({ hasDictionaries: true })).toEqual(['small/model']);
  expect(keys({ stored: true })).not.toContain('big/model');
  expect(keys({ fits: true }, 1e9)).not.toContain('big/model');
  expect(keys({ fits: true }, 2e9)).toContain('big/model');
  // Nothing is hidden for an adapter that says nothing.
  expect(keys({ fits: true }, 0)).toHaveLength(5);
  expect(fitsAdapter(entries[0]!, 4_000_000)).toBe(false);
});

test.each([
  ['owner/name', { repo: 'owner/name' }],
  ['  owner/name ', { repo: 'owner/name' }],
  ['owner/name@v1.0', { repo: 'owner/name', revision: 'v1.0' }],
  ['https://huggingface.co/owner/name', { repo: 'owner/name' }],
  [
    'https://huggingface.co/owner/name/tree/refs%2Fpr%2F1/folder',
    { repo: 'owner/name', revision: 'refs/pr/1' },
  ],
  [`https://hub.example/owner/name/blob/${commit}/config.json?x#y`, { repo: 'owner/name', revision: commit }],
])('%s names a repository', (text, expected) => {
  expect(parseRepositoryInput(text, 'https://hub.example')).toEqual({ revision: undefined, ...expected });
});

test.each([
  'gpt2',
  'gemma scope',
  'owner/name/more',
  'https://evil.example/owner/name',
  'https://huggingface.co/owner',
  'javascript:owner/name',
  '../name',
  'https://huggingface.co/datasets/owner/name',
  '',
])('%s does not', (text) => {
  expect(parseRepositoryInput(text, 'https://hub.example')).toBeUndefined();
});
