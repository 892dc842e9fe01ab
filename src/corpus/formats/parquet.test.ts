import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, test } from 'vitest';
import { FacetError } from '../../shared/errors.ts';
import { addAndRead, corpora } from '../../testing/corpus-fixture.ts';

const golden = async (name: string): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await readFile(join(import.meta.dirname, '../goldens', name)));

describe.each(['none', 'snappy', 'gzip', 'zstd', 'brotli', 'lz4'])('%s', (codec) => {
  test.each(['v1', 'v2'])('pages %s are read as pyarrow wrote them', async (version) => {
    const source = await golden(`${codec}-${version}.parquet`);
    const { manifest, items } = await addAndRead(source, 'g.parquet');
    expect(manifest).toMatchObject({
      format: 'parquet',
      field: 'text',
      items: 3,
      metadata: ['id', 'when', 'meta.by', 'meta.score', 'tags', 'raw', '__proto__'],
      skipped: { count: 1, first: [{ line: 3, why: 'no text in “text”' }] },
    });
    const when = '2024-02-29T12:30:00.000Z';
    expect(items).toEqual([
      { text: 'one', metadata: ['1', when, 'me', '0.5', '["a","b"]', '2 bytes', 'p'] },
      { text: 'zwei 🦊\nlines', metadata: ['2', when, '', '1', '[]', '', 'q'] },
      { text: 'x'.repeat(300), metadata: [String(2n ** 60n), '', 'you', '', '["c"]', 'abc', 's'] },
    ]);
  });
});

test('a column inside another is the text where it is asked for', async () => {
  const { items } = await addAndRead(await golden('snappy-v1.parquet'), 'g.parquet', { field: 'meta.by' });
  expect(items.map(({ text }) => text)).toEqual(['me', 'you']);
});

test('a preview shows columns and the first rows, and needs no ending of the name', async () => {
  const preview = await corpora().preview(
    { source: new Blob([await golden('zstd-v1.parquet')]), name: 'data' },
    1,
  );
  expect(preview).toMatchObject({ format: 'parquet', field: 'text', encodings: [] });
  expect(preview.fields.map(({ name }) => name)).toContain('meta.score');
  expect(preview.items).toHaveLength(3);
  expect(preview.formats.map(({ id }) => id)).toEqual(['parquet']);
});

test('many row groups, a batch of rows at a time', async () => {
  const data = Array.from({ length: 12_345 }, (_, i) => `row ${i}`);
  const source = parquetWriteBuffer({
    columnData: [{ name: 'a', data, type: 'STRING' }],
    rowGroupSize: 6000,
  });
  const { manifest, items, progress } = await addAndRead(new Uint8Array(source), 'many.parquet');
  expect(manifest.items).toBe(12_345);
  expect(items.map(({ text }) => text)).toEqual(data.slice(0, 10_000));
  expect(progress.at(-1)).toMatchObject({ done: source.byteLength, total: source.byteLength });
});

describe('hostile', () => {
  const failure = (source: Uint8Array<ArrayBuffer>): Promise<FacetError> =>
    addAndRead(source, 'bad.parquet').then(
      () => Promise.reject(new Error('it was read')),
      (thrown: unknown) => FacetError.from(thrown),
    );

  test.each<[string, (whole: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>]>([
    ['text under this name', () => new TextEncoder().encode('id,text\n1,a\n')],
    ['a few bytes', (whole) => whole.slice(0, 4)],
    ['its first half', (whole) => whole.slice(0, whole.length / 2)],
    ['a footer longer than the file', (whole) => patched(whole, -8, 0xffffffff)],
    ['a footer that begins elsewhere', (whole) => patched(whole, -8, 17)],
    ['a footer of zeros', (whole) => whole.fill(0, whole.length - 300, whole.length - 8)],
    ['pages of zeros', (whole) => whole.fill(0, 4, 400)],
    ['pages of ones', (whole) => whole.fill(255, 4, 400)],
  ])('%s', async (_, harm) => {
    const error = await failure(harm(await golden('snappy-v1.parquet')));
    expect(error.code).toBe('bad-file');
    expect(error.message).toMatch(/^bad\.parquet/);
    expect(error.hint).toBeTruthy();
  });

  test('a changed byte anywhere is an error in words or other values, never a crash', async () => {
    const whole = await golden('snappy-v1.parquet');
    for (let at = 4; at < whole.length; at += 41) {
      const harmed = whole.slice();
      harmed[at]! ^= 0x55;
      await addAndRead(harmed, 'bad.parquet').catch((thrown: unknown) => {
        expect(['bad-file', 'bad-input']).toContain(FacetError.from(thrown).code);
      });
    }
  });
});

function patched(bytes: Uint8Array<ArrayBuffer>, at: number, value: number): Uint8Array<ArrayBuffer> {
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(bytes.length + at, value, true);
  return bytes;
}
