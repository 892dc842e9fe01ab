import { describe, expect, test } from 'vitest';
import { MemoryStore, type Store } from '../library/store.ts';
import { FacetError } from '../shared/errors.ts';
import { addAndRead, corpora } from '../testing/corpus-fixture.ts';
import { corpusId } from './corpus.ts';
import { openCorpus } from './open.ts';

const failure = (thrown: Promise<unknown>): Promise<FacetError> =>
  thrown.then(
    () => Promise.reject(new Error('it did not fail')),
    (error: unknown) => FacetError.from(error),
  );

describe('adding', () => {
  test('keeps texts of lines, and reads them again in any order', async () => {
    const { manifest, items, progress } = await addAndRead('one\ntwo 🦊\n\nthree\n', 'mine.txt', {
      format: 'lines',
    });
    expect(manifest).toMatchObject({
      version: 1,
      name: 'mine.txt',
      items: 3,
      bytes: 20,
      textBytes: 16,
      format: 'lines',
      encoding: 'utf-8',
      metadata: [],
      skipped: { count: 0, first: [] },
    });
    expect(manifest.field).toBeUndefined();
    expect(items).toEqual(['one', 'two 🦊', 'three'].map((text) => ({ text, metadata: [] })));
    expect(progress.at(-1)).toEqual({ done: 20, total: 20, items: 3, skipped: 0 });
  });

  test('a table: the text by its name, other columns as metadata', async () => {
    const { manifest, items } = await addAndRead(
      'id;Text;label\n1;"a; b\nc";good\n2;;bad\n3;d;\n',
      'reviews.csv',
    );
    expect(manifest).toMatchObject({ format: 'csv', field: 'Text', metadata: ['id', 'label'], items: 2 });
    expect(manifest.skipped).toEqual({ count: 1, first: [{ line: 3, why: 'no text in “Text”' }] });
    expect(items).toEqual([
      { text: 'a; b\nc', metadata: ['1', 'good'] },
      { text: 'd', metadata: ['3', ''] },
    ]);
  });

  test('another column where one is asked for; without names where the first row has none', async () => {
    const asked = await addAndRead('id,text,note\n1,a,x\n2,b,y\n', 't.csv', { field: 'note' });
    expect(asked.items.map(({ text }) => text)).toEqual(['x', 'y']);
    expect(asked.manifest.metadata).toEqual(['id', 'text']);
    const bare = await addAndRead('The cat sat.,1\nThe dog ran away.,2\n', 't.csv');
    expect(bare.items).toEqual([
      { text: 'The cat sat.', metadata: ['1'] },
      { text: 'The dog ran away.', metadata: ['2'] },
    ]);
    expect(bare.manifest).toMatchObject({ field: 'column 1', metadata: ['column 2'] });
  });

  test('JSON Lines: fields that come later are metadata as well', async () => {
    const { manifest, items } = await addAndRead(
      '{"body":"a long enough body","n":1}\n{"body":"b","tag":{"x":true}}\n{"n":2}\n',
      'x.jsonl',
    );
    expect(manifest).toMatchObject({ format: 'jsonl', field: 'body', metadata: ['n', 'tag.x'] });
    expect(manifest.skipped).toEqual({ count: 1, first: [{ line: 3, why: 'no text in “body”' }] });
    expect(items).toEqual([
      { text: 'a long enough body', metadata: ['1', ''] },
      { text: 'b', metadata: ['', 'true'] },
    ]);
  });

  test('the same texts are kept once, however they were written', async () => {
    const of = corpora();
    const first = await addAndRead('a\nb\n', 'one.txt', {}, of);
    expect(first.manifest.already).toBeUndefined();
    const again = await addAndRead('["a", "b"]', 'two.json', {}, of);
    expect(again.manifest).toEqual({ ...first.manifest, already: true });
    expect(await of.list()).toHaveLength(1);
    // Other metadata are other texts; and where one ends and the next begins matters.
    await addAndRead('text,n\na,1\nb,2\n', 'three.csv', {}, of);
    await addAndRead('ab', 'four.txt', {}, of);
    expect(new Set((await of.list()).map(({ digest }) => digest)).size).toBe(3);
  });

  test('what stops half-way leaves nothing, and cancelling stops it', async () => {
    const store = new MemoryStore();
    const of = corpora(store);
    const line = `${'x'.repeat(99)}\n`;
    const adding = of.add(
      { source: new Blob(Array.from({ length: 50 }, () => line.repeat(10_000))), name: 'big.txt' },
      7,
      () => {
        void of.cancel(7);
      },
    );
    expect((await failure(adding)).code).toBe('cancelled');
    expect(await of.list()).toEqual([]);
    expect(await store.folders()).toEqual([]);
  });

  test('a full disk is told before it is full', async () => {
    const store = new MemoryStore();
    const space = {
      estimate: () => Promise.resolve({ usage: 0, quota: 20_500_000 }),
      persisted: () => Promise.resolve(false),
    };
    const of = corpora(store, space);
    const error = await failure(
      of.add({ source: 'word '.repeat(100_000).replaceAll('d w', 'd\nw'), name: 'a' }, 1, () => {}),
    );
    expect(error).toMatchObject({
      code: 'storage-full',
      message: expect.stringMatching(/0 MB are left/) as string,
    });
    expect(await store.folders()).toEqual([]);
  });

  test('a quota that shows only while writing is told as well', async () => {
    class Full extends MemoryStore {
      override async append(folder: string, name: string, at: number): ReturnType<Store['append']> {
        const out = await super.append(folder, name, at);
        return { ...out, write: () => Promise.reject(new DOMException('full', 'QuotaExceededError')) };
      }
    }
    const store = new Full();
    expect((await failure(addAndRead('a\nb', 'a.txt', {}, corpora(store)))).code).toBe('storage-full');
    expect(await store.folders()).toEqual([]);
  });

  test('what a closed page left half is cleaned up at the next start', async () => {
    const store = new MemoryStore();
    const half = 'ab'.repeat(16);
    await store.write(half, 'texts', 'left over');
    const of = corpora(store);
    await addAndRead('a', 'a.txt', {}, of);
    expect(await store.folders()).not.toContain(half);
    expect(await of.list()).toHaveLength(1);
  });
});

describe('what is kept', () => {
  test('is listed newest first, renamed, measured and removed', async () => {
    const of = corpora();
    const { manifest } = await addAndRead('a\nb', 'a.txt', {}, of);
    expect((await of.storage()).usedBytes).toBeGreaterThan(2 + 2 * 24);
    const renamed = await of.rename(manifest.digest, `  ${'n'.repeat(300)} `);
    expect(renamed.name).toHaveLength(200);
    expect(await of.list()).toEqual([renamed]);
    expect((await failure(of.rename(manifest.digest, ' '))).code).toBe('bad-input');
    await of.remove(manifest.digest);
    expect(await of.list()).toEqual([]);
    expect((await of.storage()).usedBytes).toBe(0);
    expect((await failure(of.open(manifest.digest))).code).toBe('not-found');
    await of.remove(manifest.digest);
  });

  test('a damaged description hides its corpus only', async () => {
    const store = new MemoryStore();
    const of = corpora(store);
    await addAndRead('a', 'a.txt', {}, of);
    await store.write('cd'.repeat(16), 'manifest.json', '{"version":1,"digest":"../../x"}');
    await store.write('ef'.repeat(16), 'manifest.json', 'not json');
    expect(await of.list()).toHaveLength(1);
  });

  test('many items are read from anywhere, through more than one part of the list of places', async () => {
    const many = Array.from({ length: 10_000 }, (_, i) => `text ${i} ${'é'.repeat(i % 97)}`);
    const of = corpora();
    const { manifest } = await addAndRead(many.join('\n'), 'many.txt', {}, of);
    const files = await of.open(manifest.digest);
    const corpus = await openCorpus({ kind: 'own', files });
    expect(corpus).toMatchObject({
      id: `own-${manifest.digest}`,
      name: 'many.txt',
      items: 10_000,
      metadata: [],
    });
    expect(corpus.id).toBe(corpusId({ kind: 'own', files }));
    for (const [first, count] of [
      [0, 1],
      [9_999, 1],
      [4_095, 3],
      [8_000, 2_500],
      [0, 10_000],
      [17, 0],
      [10_000, 5],
    ] as const) {
      const read = await corpus.read(first, count);
      expect(read.map(({ text }) => text)).toEqual(many.slice(first, first + count));
    }
    // Calls that overlap do not mix.
    const both = await Promise.all([corpus.read(5_000, 2_000), corpus.read(1, 2_000)]);
    expect(both.map((read) => read.map(({ text }) => text))).toEqual([
      many.slice(5_000, 7_000),
      many.slice(1, 2_001),
    ]);
  });

  test.each([
    ['index', (bytes: Uint8Array) => bytes.slice(8), /list of places/],
    ['index', (bytes: Uint8Array) => swap(bytes, 1, 2), /text 2 has no place/],
    ['index', (bytes: Uint8Array) => put(bytes, 1, NaN), /text 1 has no place/],
    ['index', (bytes: Uint8Array) => put(bytes, 1, 0.5), /text 1 has no place/],
    ['index', (bytes: Uint8Array) => put(bytes, 1, 1e300), /text 1 has no place/],
    ['index', (bytes: Uint8Array) => put(bytes, 0, 1), /longer or shorter/],
    ['texts', (bytes: Uint8Array) => bytes.slice(1), /longer or shorter|no place/],
    ['texts', (bytes: Uint8Array) => Uint8Array.of(...bytes, 65), /longer or shorter/],
    ['metadata', (bytes: Uint8Array) => bytes.map(() => 0x5b), /metadata of text 1/],
    [
      'metadata',
      (bytes: Uint8Array) => bytes.map((_, i) => '[1][1][1]'.charCodeAt(i)),
      /metadata of text 1|longer/,
    ],
  ])('damaged %s are told, %#', async (file, harm, why) => {
    const of = corpora();
    const { manifest } = await addAndRead('aa\nbbb\nc', 'a.txt', {}, of);
    const files = await of.open(manifest.digest);
    const bytes = harm(new Uint8Array(await files[file as 'index'].arrayBuffer()));
    const harmed = { ...files, [file]: new Blob([bytes as Uint8Array<ArrayBuffer>]) };
    const error = await failure(
      openCorpus({ kind: 'own', files: harmed }).then((corpus) => corpus.read(0, 3)),
    );
    expect(error.code).toBe('bad-input');
    expect(error.message).toMatch(why);
  });

  test('a description that is none is told', async () => {
    const of = corpora();
    const { manifest } = await addAndRead('a', 'a.txt', {}, of);
    const files = await of.open(manifest.digest);
    for (const items of [0, 2 ** 53, 1.5, 'a'])
      expect(
        (
          await failure(
            openCorpus({
              kind: 'own',
              files: { ...files, manifest: { ...manifest, items: items as number } },
            }),
          )
        ).code,
      ).toBe('bad-input');
  });
});

function put(bytes: Uint8Array, at: number, value: number): Uint8Array {
  new DataView(bytes.buffer).setFloat64(8 * at, value, true);
  return bytes;
}

function swap(bytes: Uint8Array, a: number, b: number): Uint8Array {
  const view = new DataView(bytes.buffer);
  const [x, y] = [view.getFloat64(8 * a, true), view.getFloat64(8 * b, true)];
  return put(put(bytes, a, y), b, x);
}
