import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { formats } from '../dictionary/formats/index.ts';
import { parsePublished, type PublishedModel } from './published.ts';

const file = new URL('../../public/published.json', import.meta.url);
const models: PublishedModel[] = parsePublished(JSON.parse(await readFile(file, 'utf8')));
const dictionaries = models.flatMap(({ sets }) =>
  sets.flatMap((set) => set.dictionaries.map((dictionary) => ({ set, ...dictionary }))),
);

test('the list is read whole, and long enough to be worth choosing from', () => {
  expect(models.length).toBeGreaterThan(10);
  expect(dictionaries.length).toBeGreaterThan(400);
  expect(models.filter(({ gated, mirror }) => !gated && mirror)).toEqual([]);
});

test('what is listed is of a layout that can be read, by its name here', () => {
  const known = formats.map(({ id }) => id);
  for (const { sets } of models) for (const { id, format } of sets) expect(known, id).toContain(format);
});

test('nothing is listed twice', () => {
  const repositories = models.map(({ repo }) => repo);
  expect(new Set(repositories).size).toBe(repositories.length);
  const ids = models.flatMap(({ sets }) => sets.map(({ id }) => id));
  expect(new Set(ids).size).toBe(ids.length);
  const places = dictionaries.map(({ set, path }) => `${set.repo}:${path}`);
  expect(new Set(places).size).toBe(places.length);
});

test('layers in names of folders are those of the hooks, and within the model', () => {
  for (const { set, path, hook } of dictionaries) {
    const layer = /^blocks\.(\d+)\./.exec(hook)?.[1];
    const named = /(?:layers?[._]|blocks\.|_L)(\d+)/.exec(path)?.[1];
    if (named !== undefined) expect(named, `${set.id} ${path}`).toBe(layer);
    expect(Number(layer ?? 0)).toBeLessThan(32);
  }
});

test('feature pages are those of the layer', () => {
  for (const { set, hook, neuronpedia } of dictionaries) {
    // The residual stream before the first layer has its own names.
    if (!neuronpedia || /\/(e-|12-res-jb)/.test(neuronpedia)) continue;
    expect(/\/(\d+)-/.exec(neuronpedia)?.[1], set.id).toBe(/\.(\d+)\./.exec(hook)?.[1]);
  }
});

const good = () => ({
  version: 1,
  models: [
    {
      repo: 'a/b',
      title: 'A',
      family: 'gpt2',
      sets: [
        {
          id: 's',
          title: 'S',
          repo: 'c/d',
          format: 'sae-lens',
          dictionaries: [{ path: 'x/y', hook: 'blocks.0.hook_resid_pre' }],
        },
      ],
    },
  ],
});

test.each<[string, (list: ReturnType<typeof good>) => void]>([
  ['a path that climbs', (list) => (list.models[0]!.sets[0]!.dictionaries[0]!.path = '../y')],
  ['an absolute path', (list) => (list.models[0]!.sets[0]!.dictionaries[0]!.path = '/y')],
  ['no hook', (list) => (list.models[0]!.sets[0]!.dictionaries[0]!.hook = 'layers.3')],
  ['no repository', (list) => (list.models[0]!.repo = 'https://evil.example/x')],
  ['a branch for a commit', (list) => Object.assign(list.models[0]!, { revision: 'main' })],
  ['a field nobody knows', (list) => Object.assign(list.models[0]!, { licence: 'MIT' })],
])('%s is refused', (_, change) => {
  const list = good();
  expect(parsePublished(list)).toHaveLength(1);
  change(list);
  expect(() => parsePublished(list)).toThrow(/published\.json is wrong at models\.0/);
});
