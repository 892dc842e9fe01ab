import { expect, test } from 'vitest';
import type { DictionaryInfo, OpenedModel } from '../engine/protocol.ts';
import { dictionaryReference, meantDictionary, prepareOpening, withDictionary } from './opening.ts';
import { defaultView } from './view-state.ts';

const dictionary = (id: string): DictionaryInfo =>
  ({ id, title: `Dictionary ${id}`, hook: 'blocks.0.hook_resid_pre' }) as DictionaryInfo;
const opened = (model: string, ids: string[], current?: string): OpenedModel =>
  ({
    model: { id: model },
    dictionaries: ids.map((id) => ({ id, title: id, hook: '', bytes: 9 })),
    dictionary: current === undefined ? undefined : dictionary(current),
  }) as unknown as OpenedModel;

test('names of the catalogue go to the engine as they are', async () => {
  expect(await prepareOpening(defaultView)).toEqual({
    request: { model: '', storage: undefined },
    wanted: [],
  });
  const view = { ...defaultView, model: 'storyworld-2m', dictionary: 'none', storage: 'f32' as const };
  expect((await prepareOpening(view)).request).toEqual({
    model: 'storyworld-2m',
    dictionary: null,
    storage: 'f32',
  });
  expect((await prepareOpening({ ...view, dictionary: 'a' })).request.dictionary).toBe('a');
});

test('what a link means by no dictionary depends on the model', () => {
  const hub = `hf:a/b@${'0'.repeat(40)}`;
  expect(meantDictionary(defaultView, opened('storyworld-2m', ['x', 'y']))).toBe('x');
  expect(meantDictionary(defaultView, opened(hub, ['x', 'y']))).toBe('');
  expect(meantDictionary({ ...defaultView, dictionary: 'y' }, opened(hub, ['x', 'y']))).toBe('y');
  expect(dictionaryReference(opened('storyworld-2m', ['x']))).toBe('none');
  expect(dictionaryReference(opened(hub, ['x']))).toBe('');
  expect(dictionaryReference(opened(hub, ['x'], 'x'))).toBe('x');
});

test('a dictionary from elsewhere is listed once', () => {
  const first = withDictionary(opened('m', ['x']), dictionary('hf'));
  expect(first.dictionaries.map(({ id }) => id)).toEqual(['x', 'hf']);
  expect(withDictionary(first, dictionary('hf')).dictionaries).toHaveLength(2);
  expect(withDictionary(first, dictionary('x')).dictionary!.id).toBe('x');
});
