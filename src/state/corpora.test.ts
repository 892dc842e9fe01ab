import { describe, expect, test } from 'vitest';
import type { CorpusClient } from '../corpus/client.ts';
import { FacetError } from '../shared/errors.ts';
import { corpora } from '../testing/corpus-fixture.ts';
import { createCorpora, timeLeft } from './corpora.ts';

/** The real reader without a worker around it. */
function inPage(): CorpusClient {
  const all = corpora();
  let ticket = 0;
  const follow = (signal: AbortSignal | undefined, mine: number): void =>
    signal?.addEventListener('abort', () => void all.cancel(mine));
  return {
    preview(request, { signal } = {}) {
      follow(signal, ++ticket);
      return all.preview(request, ticket);
    },
    add(request, { signal, onProgress } = {}) {
      follow(signal, ++ticket);
      return all.add(request, ticket, onProgress ?? (() => {}));
    },
    list: () => all.list(),
    open: (digest) => all.open(digest),
    read: (digest, first, count) => all.read(digest, first, count),
    rename: (digest, name) => all.rename(digest, name),
    remove: (digest) => all.remove(digest),
    storage: () => all.storage(),
    dispose: () => {},
  };
}

function page() {
  const door = inPage();
  const store = createCorpora(() => door);
  return { store, state: () => store.getState() };
}

describe('a draft', () => {
  test('is shown, read in another way, and kept as it was shown', async () => {
    const { state } = page();
    await state().preview({ source: 'id,text,more\n1,a,x\n2,b,y\n', name: 'a.csv' });
    expect(state().draft?.preview).toMatchObject({
      format: 'csv',
      field: 'text',
      header: true,
      metadata: ['id', 'more'],
    });
    await state().change({ field: 'more' });
    expect(state().draft?.preview?.items.map(({ text }) => text)).toEqual(['x', 'y']);
    await state().change({ header: false });
    expect(state().draft?.preview?.fields.map(({ name }) => name)).toEqual([
      'column 1',
      'column 2',
      'column 3',
    ]);
    await state().change({ format: 'lines' });
    expect(state().draft?.preview).toMatchObject({ format: 'lines', fields: [], metadata: [] });
    expect(state().draft?.preview?.items).toHaveLength(3);
    const added = await state().add();
    expect(added).toMatchObject({ format: 'lines', items: 3 });
    expect(state()).toMatchObject({ draft: undefined, adding: undefined, added, kept: [added] });
    expect((await state().read(`own-${added!.digest}`, 1, 1)).map(({ text }) => text)).toEqual(['1,a,x']);
  });

  test('the newest wins, also over a look that cannot be stopped', async () => {
    const door = inPage();
    let release = (): void => {};
    const slow = new Promise<void>((resolve) => {
      release = resolve;
    });
    const state = createCorpora(() => ({
      ...door,
      preview: async (request) => {
        const found = await door.preview(request);
        if (request.source === 'a') await slow;
        return found;
      },
    })).getState;
    const first = state().preview({ source: 'a', name: 'a.txt' });
    await state().preview({ source: 'b', name: 'b.txt' });
    release();
    await first;
    expect(state().draft?.preview?.items).toEqual([{ text: 'b', metadata: [] }]);
  });

  test('what cannot be read is told; what cannot be read in this way can be in another', async () => {
    const { state } = page();
    await state().preview({ source: '', name: 'a.txt' });
    expect(state()).toMatchObject({
      draft: undefined,
      failure: { code: 'bad-input', message: 'a.txt is empty.' },
    });
    await state().preview({ source: 'a', name: 'a.txt' });
    expect(state().failure).toBeUndefined();
    await state().change({ format: 'json' });
    expect(state().failure?.code).toBe('bad-file');
    await state().change({ format: 'lines' });
    expect(state()).toMatchObject({ failure: undefined, draft: { preview: { format: 'lines' } } });
    state().discard();
    expect(state().draft).toBeUndefined();
  });

  test('adding can be stopped; the draft stays', async () => {
    const { store, state } = page();
    const source = new Blob(Array.from({ length: 30 }, () => `${'x'.repeat(99)}\n`.repeat(10_000)));
    await state().preview({ source, name: 'big.txt' });
    store.subscribe(({ adding }) => adding?.progress && state().stop());
    expect(await state().add()).toBeUndefined();
    expect(state()).toMatchObject({ adding: undefined, failure: undefined });
    expect(state().draft?.preview).toBeDefined();
    await state().refresh();
    expect(state().kept).toEqual([]);
  });
});

test('what is kept is renamed, opened and removed', async () => {
  const { state } = page();
  await state().preview({ source: 'a\nb', name: 'a.txt' });
  const { digest } = (await state().add())!;
  await state().rename(digest, 'Mine');
  expect(state().kept?.map(({ name }) => name)).toEqual(['Mine']);
  await state().rename(digest, ' ');
  expect(state().listFailure?.code).toBe('bad-input');
  expect((await state().openOwn(digest))?.manifest.digest).toBe(digest);
  await state().remove(digest);
  expect(state()).toMatchObject({ kept: [], listFailure: undefined });
  expect(await state().openOwn(digest)).toBeUndefined();
});

test('a list that cannot be read says why', async () => {
  const door = { ...inPage(), list: () => Promise.reject(new FacetError('bug', 'no')) };
  const store = createCorpora(() => door);
  await store.getState().refresh();
  expect(store.getState().listFailure?.message).toBe('no');
});

test('time left follows the pace so far', () => {
  const at = (done: number, ms: number) => timeLeft({ done, total: 100, items: 0, skipped: 0 }, ms);
  expect(at(25, 1000)).toBe(3);
  expect(at(100, 1000)).toBe(0);
  expect(at(25, 100)).toBeUndefined();
  expect(at(0, 1000)).toBeUndefined();
});
