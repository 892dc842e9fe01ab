import fc from 'fast-check';
import Papa from 'papaparse';
import { describe, expect, test } from 'vitest';
import { rowsOf } from '../../testing/corpus-fixture.ts';
import type { Row } from './format.ts';
import { columnNames } from './separated.ts';

const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const texts = (rows: readonly Row[]): string[] => rows.flatMap((row) => ('text' in row ? row.text : []));
const records = (rows: readonly Row[]): [string, string][][] =>
  rows.flatMap((row) => ('values' in row ? [[...row.values]] : []));

/** Text of all that readers cut at, and of characters of one to four bytes. */
const piece = fc.constantFrom(
  'a',
  'b ',
  ' ',
  '\n',
  '\r\n',
  '\r',
  '\n\n',
  '"',
  '""',
  ',',
  '\t',
  '\\',
  '[',
  ']',
  '{',
  '}',
  ':',
  'é',
  '漢',
  '🦊',
  '\u0000',
  '\ufeff',
  'null',
);
const mixed = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''));
const json = fc.json({ maxDepth: 2 });

describe.each([
  ['lines', mixed],
  ['paragraphs', mixed],
  ['csv', mixed],
  ['tsv', mixed],
  ['jsonl', fc.array(fc.oneof(json, mixed), { maxLength: 6 }).map((rows) => rows.join('\n'))],
  ['json', fc.array(fc.oneof(json, json, mixed), { maxLength: 6 }).map((rows) => `[${rows.join(',')}]`)],
])('%s', (format, source) => {
  const settings = { delimiter: format === 'tsv' ? '\t' : ',', header: false };
  test('gives the same rows wherever the source is cut', async () => {
    await fc.assert(
      fc.asyncProperty(source, fc.integer({ min: 1, max: 9 }), async (text, slice) => {
        const bytes = utf8(text);
        const whole = await rowsOf(format, bytes, 1 << 20, settings);
        expect(await rowsOf(format, bytes, slice, settings)).toEqual(whole);
      }),
      { numRuns: 200 },
    );
  });
});

test.each(['utf-16le', 'shift_jis', 'gb18030'])(
  '%s is decoded the same wherever it is cut',
  async (encoding) => {
    // 漢字 or 汉字, and の, as these encodings have them, with line ends between.
    const bytes = {
      'utf-16le': [
        0x22, 0x6f, 0x57, 0x5b, 0x0a, 0x00, 0x3e, 0xd8, 0x8a, 0xdd, 0x0d, 0x00, 0x0a, 0x00, 0x6e, 0x30,
      ],
      shift_jis: [0x8a, 0xbf, 0x8e, 0x9a, 0x0a, 0x82, 0xcc, 0x0d, 0x0a, 0x82, 0xcc],
      gb18030: [0xba, 0xba, 0xd7, 0xd6, 0x0a, 0xa4, 0xce, 0x0d, 0x0a, 0x81, 0x30, 0x81, 0x30],
    }[encoding]!;
    const whole = await rowsOf('lines', Uint8Array.from(bytes), 100, {}, encoding);
    expect(texts(whole)[0]).toMatch(/^(?:漢|汉)字$/);
    expect(whole).toHaveLength(3);
    for (let slice = 1; slice < bytes.length; slice++)
      expect(await rowsOf('lines', Uint8Array.from(bytes), slice, {}, encoding)).toEqual(whole);
  },
);

describe('lines and paragraphs', () => {
  test('any line ends; blank lines are none; what is around a text stays', async () => {
    const rows = await rowsOf('lines', utf8('one\r\n two \r\r\n\n  \nthree'), 4);
    expect(rows).toEqual([
      { line: 1, text: 'one' },
      { line: 2, text: ' two ' },
      { line: 6, text: 'three' },
    ]);
  });

  test('paragraphs keep their lines', async () => {
    const rows = await rowsOf('paragraphs', utf8('\n\na\nb\n \t\n\nc\r\n d\n'), 3);
    expect(rows).toEqual([
      { line: 3, text: 'a\nb' },
      { line: 7, text: 'c\n d' },
    ]);
  });

  test('a line longer than a text may be is skipped, and nothing of it is held', async () => {
    const rows = await rowsOf(
      'lines',
      utf8(`${'x'.repeat(2_000_001)}\nshort\n${'y'.repeat(2_000_000)}`),
      65_536,
    );
    expect(rows).toEqual([
      { line: 1, why: '2,000,001 characters; at most 2,000,000 are read as one' },
      { line: 2, text: 'short' },
      { line: 3, text: 'y'.repeat(2_000_000) },
    ]);
  });

  test('a paragraph of many lines is as long as all of them', async () => {
    const rows = await rowsOf('paragraphs', utf8(`${`${'x'.repeat(999)}\n`.repeat(2001)}\nshort`), 65_536);
    expect(rows).toMatchObject(
      [
        { line: 1, why: /^2,000,999 characters/ },
        { line: 2003, text: 'short' },
      ].map((row) => ('why' in row ? { ...row, why: expect.stringMatching(row.why!) as string } : row)),
    );
  });
});

describe('tables', () => {
  const cell = fc
    .array(
      piece.filter((p) => !/[\r\0]/.test(p)),
      { maxLength: 5 },
    )
    .map((pieces) => pieces.join(''));

  test('what a writer wrote is read back, in pieces of any size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(cell, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 6 }),
        fc.constantFrom(',', ';', '\t'),
        fc.integer({ min: 1, max: 9 }),
        async (rows, delimiter, slice) => {
          // Without a mark, which would be taken for one at the very beginning.
          const written = Papa.unparse([['a', 'b', 'c'], ...rows], {
            delimiter,
            quotes: true,
            newline: '\n',
          });
          const read = await rowsOf('csv', utf8(written), slice, { delimiter, header: true });
          expect(records(read)).toEqual(rows.map((values) => values.map((value, i) => ['abc'[i], value])));
        },
      ),
      { numRuns: 200 },
    );
  });

  test('a quote that is never closed takes no more than its line', async () => {
    const rows = await rowsOf('csv', utf8('a,b\n1,x\n"2,y\n3,z\n4,w'), 3, { delimiter: ',', header: true });
    expect(records(rows)).toEqual([
      [
        ['a', '1'],
        ['b', 'x'],
      ],
      [
        ['a', '"2'],
        ['b', 'y'],
      ],
      [
        ['a', '3'],
        ['b', 'z'],
      ],
      [
        ['a', '4'],
        ['b', 'w'],
      ],
    ]);
  });

  test('names of columns are never empty and never twice the same', () => {
    expect(columnNames(['a', ' a ', '', 'a (2)', '__proto__'])).toEqual([
      'a',
      'a (2)',
      'column 3',
      'a (2) (4)',
      '__proto__',
    ]);
    expect(columnNames(2)).toEqual(['column 1', 'column 2']);
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'a (2)', 'a (3)', '', 'column 1', 'column 2')), (cells) => {
        const names = columnNames(cells);
        expect(new Set(names).size).toBe(cells.length);
        expect(names.every(Boolean)).toBe(true);
      }),
    );
  });

  test('rows may be shorter or longer than the first', async () => {
    const rows = await rowsOf('csv', utf8('a,b\n1\n2,3,4\n\n'), 100, { delimiter: ',', header: true });
    expect(records(rows)).toEqual([
      [['a', '1']],
      [
        ['a', '2'],
        ['b', '3'],
      ],
    ]);
  });
});

describe('JSON', () => {
  test('fields inside others have paths; a name is only a name', async () => {
    const source =
      '{"text":"hi","meta":{"by":"me","n":3,"__proto__":{"polluted":1}},"__proto__":"p","tags":["a",1],"none":null}';
    const expected = [
      ['text', 'hi'],
      ['meta.by', 'me'],
      ['meta.n', '3'],
      ['meta.__proto__.polluted', '1'],
      ['__proto__', 'p'],
      ['tags', '["a",1]'],
    ];
    expect(records(await rowsOf('jsonl', utf8(source), 7))).toEqual([expected]);
    expect(records(await rowsOf('json', utf8(`[${source}]`), 7))).toEqual([expected]);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  test('a chosen field is found after thousands of others, and deep inside', async () => {
    const many = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`f${i}`, i]));
    const rows = await rowsOf('jsonl', utf8(JSON.stringify({ ...many, a: { b: { text: 'found' } } })), 500, {
      field: 'a.b.text',
    });
    const [row] = rows;
    expect(row && 'values' in row && row.values.get('a.b.text')).toBe('found');
    expect(row && 'values' in row && row.values.size).toBe(1001);
  });

  test('rows that are no JSON or no records are told, with their lines; the others are used', async () => {
    const rows = await rowsOf('jsonl', utf8('{"text":"a"}\n{"text":\n\n[1]\n"plain"\n7\n{"text":"b"}'), 5);
    expect(rows.map((row) => [row.line, 'why' in row ? row.why.replace(/:.*/, '') : 'ok'])).toEqual([
      [1, 'ok'],
      [2, 'not JSON'],
      [4, 'a list is no record'],
      [5, 'ok'],
      [6, '7 is no record'],
      [7, 'ok'],
    ]);
  });

  const tricky = fc.string({
    unit: fc.constantFrom('"', '\\', ',', '[', ']', '{', '}', 'a', '\n', 'é', '🦊'),
  });

  test('what JSON.parse makes of a whole list', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(tricky, { maxLength: 8 }), fc.boolean(), async (values, spread) => {
        const rows = await rowsOf('json', utf8(JSON.stringify(values, undefined, spread ? 2 : 0)), 3);
        expect(rows).toEqual(values.map((text, i) => ({ line: i + 1, text })));
      }),
      { numRuns: 50 },
    );
  });

  test('nesting without end is refused before it is parsed', async () => {
    const deep = '['.repeat(200_000);
    expect(await rowsOf('jsonl', utf8(`${deep}\n{"text":"a"}`), 65_536)).toMatchObject([
      { line: 1, why: 'nested more than 100 deep' },
      { line: 2 },
    ]);
  });

  test('a list that ends early gives what it has', async () => {
    const rows = await rowsOf('json', utf8('["a", "b", {"te'), 4);
    expect(texts(rows)).toEqual(['a', 'b']);
    expect(rows.at(-1)).toMatchObject({ line: 3, why: expect.stringMatching(/^not JSON/) as string });
  });

  test('what is no list is refused', async () => {
    await expect(rowsOf('json', utf8('{"a":[1]}'), 4)).rejects.toMatchObject({ code: 'bad-file' });
  });
});
