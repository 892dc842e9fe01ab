import { mkdtemp, open, rm } from 'node:fs/promises';
import { openAsBlob } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MemoryStore } from '../library/store.ts';
import { FacetError } from '../shared/errors.ts';
import { addAndRead, corpora } from '../testing/corpus-fixture.ts';

const bytes = (...values: number[]): Uint8Array<ArrayBuffer> => Uint8Array.from(values);
const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const failure = (work: Promise<unknown>): Promise<FacetError> =>
  work.then(
    () => Promise.reject(new Error('it did not fail')),
    (error: unknown) => FacetError.from(error),
  );
/** Refused by the preview and by the whole read alike, and nothing is left. */
async function refused(source: Blob | Uint8Array<ArrayBuffer>, name: string): Promise<FacetError> {
  const store = new MemoryStore();
  const of = corpora(store);
  const request = { source: source instanceof Blob ? source : new Blob([source]), name };
  const shown = await failure(of.preview(request, 1));
  const added = await failure(of.add(request, 2, () => {}));
  expect(added.toRecord()).toEqual(shown.toRecord());
  expect(await store.folders()).toEqual([]);
  expect(shown.hint).toBeTruthy();
  return shown;
}

describe('what is no text', () => {
  test.each<[string, Uint8Array<ArrayBuffer>, RegExp]>([
    [
      'a program',
      bytes(0x7f, 0x45, 0x4c, 0x46, ...Array.from({ length: 4000 }, (_, i) => (i * 37) % 256)),
      /is not text: \d+ .* NUL/,
    ],
    ['zeros', new Uint8Array(5000), /is not text: 5000 of its first 5000 characters are NUL/],
    ['controls', bytes(...Array.from({ length: 600 }, (_, i) => 1 + (i % 8))), /full of control characters/],
    ['a zip', bytes(0x50, 0x4b, 3, 4, 20, 0, 0, 0), /zip archive/],
    ['a gzip', bytes(0x1f, 0x8b, 8, 0, 1, 2, 3), /gzip archive/],
    ['a PDF', utf8('%PDF-1.7\n%âãÏÓ\n'), /PDF/],
    ['an image', bytes(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10), /image/],
  ])('%s named .txt is refused by name', async (_, source, message) => {
    const error = await refused(source, 'odd.txt');
    expect(error.code).toBe('bad-input');
    expect(error.message).toMatch(/^odd\.txt is /);
    expect(error.message).toMatch(message);
  });

  test('an empty file, and one of a byte order mark only', async () => {
    expect((await refused(bytes(), 'empty.csv')).message).toBe('empty.csv is empty.');
    const mark = await failure(addAndRead(bytes(0xef, 0xbb, 0xbf), 'mark.txt'));
    expect(mark).toMatchObject({ code: 'bad-input', message: 'There is no text in mark.txt.' });
    const preview = await corpora().preview({ source: new Blob([bytes(0xff, 0xfe)]), name: 'mark.txt' }, 1);
    expect(preview).toMatchObject({ encoding: 'utf-16le', items: [] });
  });

  test('a sparse file of 2 GB is refused by its beginning', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'facet-corpus-'));
    try {
      const path = join(folder, 'sparse.txt');
      const file = await open(path, 'w');
      await file.truncate(2 ** 31);
      await file.close();
      const before = process.memoryUsage().rss;
      expect((await refused(await openAsBlob(path), 'sparse.txt')).message).toMatch(/NUL/);
      expect(process.memoryUsage().rss - before).toBeLessThan(400e6);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

test('a file with 64 MB of zeros behind its first texts is read within bounds', async () => {
  const zeros = new Blob([new Uint8Array(1 << 20)]);
  const source = new Blob(['first\n'.repeat(800_000), ...Array.from({ length: 64 }, () => zeros), '\nlast']);
  const { manifest, items } = await addAndRead(source, 'odd.txt', { format: 'lines' });
  expect(manifest.items).toBe(800_001);
  expect(manifest.skipped).toEqual({
    count: 1,
    first: [{ line: 800_001, why: expect.stringMatching(/^67,108,864 characters/) as string }],
  });
  expect(items[0]?.text).toBe('first');
});

test('one line of 50 MB is skipped, with a way on; what stands around it is used', async () => {
  const long = Array.from({ length: 50 }, () => 'word '.repeat(200_000));
  const alone = await failure(addAndRead(new Blob(long), 'long.txt'));
  expect(alone.code).toBe('bad-input');
  expect(alone.message).toMatch(/its only row was skipped; row 1: 50,000,000 characters; at most 2,000,000/);
  const { manifest } = await addAndRead(new Blob(['before\n', ...long, '\nafter\n']), 'long.txt');
  expect(manifest).toMatchObject({ items: 2, skipped: { count: 1, first: [{ line: 2 }] } });
  const json = await failure(addAndRead(new Blob(['{"text":"', ...long, '"}']), 'long.jsonl'));
  expect(json.message).toMatch(/row 1: 50,\d+,\d+ characters; at most 6,000,000/);
});

test('broken UTF-8 is replaced, counted and said', async () => {
  const source = bytes(...utf8('naïve café 漢字\n'), 0xff, ...utf8(' over\n'), 0xc3, ...utf8('é end\n'));
  const { manifest, items } = await addAndRead(source, 'broken.txt');
  expect(manifest.encoding).toBe('utf-8');
  expect(items.map(({ text }) => text)).toEqual(['naïve café 漢字', '\ufffd over', '\ufffdé end']);
  expect(manifest.notes).toContainEqual(expect.stringMatching(/^2 characters are shown as “�”/));
});

test.each<[string, number[], string, string]>([
  ['UTF-16 with a mark', [0xff, 0xfe, 0x68, 0, 0x69, 0, 0x0a, 0, 0xe9, 0], 'utf-16le', 'hi|é'],
  ['UTF-16, other way round', [0xfe, 0xff, 0, 0x68, 0, 0x69], 'utf-16be', 'hi'],
  [
    'UTF-16 without a mark',
    Array.from('hello there\nyou', (c) => [c.charCodeAt(0), 0]).flat(),
    'utf-16le',
    'hello there|you',
  ],
  ['UTF-8 with a mark', [0xef, 0xbb, 0xbf, 0x68, 0x69], 'utf-8', 'hi'],
  [
    'windows-1252',
    Array.from('Le café est fermé, déjà vu: naïve', (c) => c.charCodeAt(0)),
    'windows-1252',
    'Le café est fermé, déjà vu: naïve',
  ],
])('%s is found out', async (_, source, encoding, texts) => {
  const { manifest, items } = await addAndRead(bytes(...source), 'x.txt', { format: 'lines' });
  expect(manifest.encoding).toBe(encoding);
  expect(items.map(({ text }) => text).join('|')).toBe(texts);
});

test.each(['shift_jis', 'gb18030', 'euc-kr'])(
  '%s is found out by what its bytes are most like',
  async (encoding) => {
    // Sentences, encoded by looking every character up in the decoder.
    const texts = {
      shift_jis:
        'むかしむかし、あるところにおじいさんとおばあさんがすんでいました。おじいさんは山へしばかりに、おばあさんは川へせんたくにいきました。',
      gb18030:
        '从前有座山，山里有座庙，庙里有个老和尚在讲故事。他说：从前有一个小孩，每天都到河边去看鱼，鱼也在看他。',
      'euc-kr':
        '옛날 옛적에 어느 마을에 할머니와 할아버지가 살고 있었습니다. 할아버지는 산으로 나무를 하러 갔습니다.',
    };
    const table = new Map<string, number[]>();
    const decoder = new TextDecoder(encoding);
    for (let lead = 0x81; lead < 0xff; lead++)
      for (let trail = 0x40; trail < 0xff; trail++)
        table.set(decoder.decode(bytes(lead, trail)), [lead, trail]);
    const text = texts[encoding as keyof typeof texts];
    const source = bytes(
      ...Array.from(text, (c) => (c.charCodeAt(0) < 0x80 ? [c.charCodeAt(0)] : table.get(c)!)).flat(),
    );
    const { manifest, items } = await addAndRead(source, 'x.txt');
    expect(manifest.encoding).toBe(encoding);
    expect(items[0]?.text).toBe(text);
    // And what the visitor says counts for more.
    const forced = await addAndRead(source, 'x.txt', { encoding: 'windows-1252' });
    expect(forced.manifest.encoding).toBe('windows-1252');
    await expect(addAndRead(source, 'x.txt', { encoding: 'klingon' })).rejects.toMatchObject({
      code: 'bad-input',
    });
  },
);

describe('tables', () => {
  test('a million columns: the first of them are listed and kept', async () => {
    const names = Array.from({ length: 1_000_000 }, (_, i) => `c${i}`).join(',');
    const cells = Array.from({ length: 1_000_000 }, (_, i) => `v${i % 10}`).join(',');
    const source = new Blob([names, '\n', cells, '\n', cells, '\n']);
    const preview = await corpora().preview({ source, name: 'wide.csv' }, 1);
    expect(preview.fields).toHaveLength(1000);
    const { manifest, items } = await addAndRead(source, 'wide.csv', { field: 'c999999', header: true });
    expect(manifest).toMatchObject({ items: 2, field: 'c999999' });
    expect(manifest.metadata).toHaveLength(1000);
    expect(manifest.metadata[999]).toBe('c999');
    expect(items[1]).toMatchObject({ text: 'v9' });
    expect(manifest.notes).toContainEqual(expect.stringMatching(/It has 1000000 columns/));
  });

  test('quotes that do not balance cost a line each, and are said', async () => {
    const { manifest, items } = await addAndRead('text,n\n"never closed,1\nplain,2\nfine,3\n', 'q.csv');
    expect(items.map(({ text }) => text)).toEqual(['"never closed', 'plain', 'fine']);
    expect(manifest.notes).toContainEqual(expect.stringMatching(/^1 row has a quote that is never closed/));
  });

  test('thirteen megabytes in open quotes take no more time than their length', async () => {
    const line = '"open quote with some words in it\t7\n';
    const source = new Blob(['text\tn\n', ...Array.from({ length: 12 }, () => line.repeat(30_000))]);
    const { manifest } = await addAndRead(source, 'open.tsv', { header: true, field: 'text' });
    // Half of the quotes are another's end; where rows are cannot be known, but all of it was read.
    expect(manifest.items + manifest.skipped.count).toBeGreaterThan(0);
    expect(manifest.notes?.join()).toMatch(/Quotes do not balance/);
  }, 120_000);
});

test('bad rows of JSON Lines are counted, the first hundred listed, the others used', async () => {
  const rows = Array.from({ length: 1000 }, (_, i) =>
    i % 4 === 3 ? '{"text": oops}' : `{"text":"row ${i}","n":${i}}`,
  );
  const { manifest, items } = await addAndRead(rows.join('\r\n'), 'rows.jsonl');
  expect(manifest.items).toBe(750);
  expect(manifest.skipped.count).toBe(250);
  expect(manifest.skipped.first).toHaveLength(100);
  expect(manifest.skipped.first.slice(0, 2).map(({ line }) => line)).toEqual([4, 8]);
  expect(manifest.skipped.first[0]?.why).toMatch(/^not JSON/);
  expect(items[3]).toEqual({ text: 'row 4', metadata: ['4'] });
});

test('HTML, scripts and control characters in a text are text', async () => {
  const text = '<script>alert(1)</script><img src=x onerror=alert(1)>\u202eevil\u0000nul';
  const { items } = await addAndRead(JSON.stringify({ text, ['<b>']: '<i>' }), 'x.jsonl');
  expect(items).toEqual([{ text, metadata: ['<i>'] }]);
});

test('names of fields that are an object’s own pollute nothing', async () => {
  const source =
    '{"__proto__":{"text":"inner"},"constructor":"c","text":"a"}\n{"__proto__":{"text":"x"},"text":"b"}\n';
  const { manifest, items } = await addAndRead(source, 'p.jsonl');
  expect(manifest.metadata).toEqual(['__proto__.text', 'constructor']);
  expect(items).toEqual([
    { text: 'a', metadata: ['inner', 'c'] },
    { text: 'b', metadata: ['x', ''] },
  ]);
  const table = await addAndRead('text,__proto__,constructor\na,b,c\n', 'p.csv');
  expect(table.items).toEqual([{ text: 'a', metadata: ['b', 'c'] }]);
  expect(table.manifest.metadata).toEqual(['__proto__', 'constructor']);
  expect(Object.keys(Object.prototype)).toEqual([]);
});

test('long metadata are cut and said; names are capped; half a character is none', async () => {
  const long = `${'x'.repeat(998)}🦊${'y'.repeat(500)}`;
  const { manifest, items } = await addAndRead(
    JSON.stringify({ text: 'a', long, ['n'.repeat(500)]: '1', lone: '\ud800' }),
    'm.jsonl',
  );
  expect(manifest.metadata[1]).toHaveLength(200);
  expect(items[0]?.metadata[0]).toBe(`${'x'.repeat(998)}…`);
  expect(items[0]?.metadata[2]).toBe('\ufffd');
  expect(manifest.notes).toContainEqual(expect.stringMatching(/longer than 1000 characters/));
});

test('lone surrogates of a text are replaced and counted', async () => {
  const { manifest, items } = await addAndRead('{"text":"a\\ud800b"}\n{"text":"🦊"}', 's.jsonl');
  expect(items.map(({ text }) => text)).toEqual(['a\ufffdb', '🦊']);
  expect(manifest.notes).toContainEqual(expect.stringMatching(/^1 character is shown/));
});

test('more fields than are kept are left out and said; the text is found among them', async () => {
  const wide = Object.fromEntries(Array.from({ length: 1500 }, (_, i) => [`f${i}`, i]));
  const { manifest } = await addAndRead(JSON.stringify({ ...wide, text: 'a' }), 'w.jsonl', { field: 'text' });
  expect(manifest).toMatchObject({ items: 1, field: 'text' });
  expect(manifest.metadata).toHaveLength(1000);
});

test('a file that changes while it is read is told', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'facet-corpus-'));
  try {
    const path = join(folder, 'changing.txt');
    const file = await open(path, 'w');
    await file.write('some text\n'.repeat(1000));
    const blob = await openAsBlob(path);
    await file.truncate(10);
    await file.close();
    expect(await refused(blob, 'changing.txt')).toMatchObject({
      code: 'bad-file',
      message: 'changing.txt cannot be read any more.',
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});
