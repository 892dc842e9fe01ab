import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { NpzReader } from './npz.ts';
import { inMemory } from './random-access.ts';

const read = (name: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(new URL(`goldens/${name}`, import.meta.url)));
const open = (name: string): Promise<NpzReader> => NpzReader.open(name, inMemory(read(name)));

const golden = JSON.parse(new TextDecoder().decode(read('npz.json'))) as Record<
  string,
  { shape: number[]; dtype: string; b64: string }
>;
const DTYPES: Record<string, string> = {
  W_enc: 'F32',
  b: 'F16',
  threshold: 'F64',
  i: 'I64',
  u: 'U8',
  flag: 'BOOL',
};

describe.each(['stored.npz', 'deflated.npz'])('%s of numpy', (name) => {
  test('has its arrays, with types, shapes and bytes', async () => {
    const reader = await open(name);
    expect(
      reader
        .names()
        .filter((array) => array !== 'long')
        .sort(),
    ).toEqual(Object.keys(golden).sort());
    for (const [array, { shape, b64 }] of Object.entries(golden)) {
      expect(reader.info(array)).toMatchObject({ dtype: DTYPES[array] ?? 'F32', shape });
      expect(Buffer.from(await reader.read(array)).toString('base64'), array).toBe(b64);
    }
  });

  test('gives any range, in any order, also at once', async () => {
    const reader = await open(name);
    const whole = await reader.read('W_enc');
    const ranges = [
      [3, 9],
      [9, 15],
      [0, 1],
      [14, 15],
      [4, 4],
    ] as const;
    const parts = await Promise.all(ranges.map(([from, to]) => reader.read('W_enc', from, to)));
    for (const [i, [from, to]] of ranges.entries()) expect(parts[i]).toEqual(whole.slice(from * 4, to * 4));
    await expect(reader.read('W_enc', 3, 16)).rejects.toThrow('do not exist');
    await expect(reader.read('none')).rejects.toMatchObject({ code: 'not-found' });
  });
});

test('a deflated array much larger than the file is read in parts', async () => {
  const bytes = read('deflated.npz');
  const reader = await NpzReader.open('deflated.npz', inMemory(bytes));
  const { shape } = reader.info('long')!;
  expect(shape[0]! * 4).toBeGreaterThan(100 * bytes.length);
  for (const from of [250_000, 1000, 2000]) {
    const part = new Float32Array((await reader.read('long', from, from + 2)).slice().buffer);
    expect([...part]).toEqual([from / 1000, 0]);
  }
});

test('version 2 of the format, with zip64 placeholders', async () => {
  const reader = await open('version2.npz');
  expect(Buffer.from(await reader.read('W')).toString('base64')).toBe(golden.W_enc!.b64);
});

describe('zip64', () => {
  test('sizes and places in the fields for large files', async () => {
    const reader = await open('zip64.npz');
    for (const name of ['W_enc', 'b'])
      expect(Buffer.from(await reader.read(name)).toString('base64')).toBe(golden[name]!.b64);
  });

  test('an end record that refers to the large one', async () => {
    const bytes = Buffer.from(read('zip64.npz'));
    bytes.fill(0xff, bytes.length - 14, bytes.length - 2);
    const reader = await NpzReader.open('zip64.npz', inMemory(new Uint8Array(bytes)));
    expect(reader.names()).toEqual(['W_enc', 'b']);
    // Without the locator before it, there is nothing to refer to.
    bytes[bytes.length - 42] = 0;
    await expect(NpzReader.open('zip64.npz', inMemory(new Uint8Array(bytes)))).rejects.toThrow('zip64');
  });
});

/** Places of the central directory's headers in an archive. */
function headersOf(bytes: Buffer): number[] {
  const places: number[] = [];
  for (let at = bytes.indexOf('PK\x01\x02'); at >= 0; at = bytes.indexOf('PK\x01\x02', at + 1))
    places.push(at);
  return places;
}

test('two files in the same place are refused', async () => {
  const bytes = Buffer.from(read('stored.npz'));
  const [first, second] = headersOf(bytes) as [number, number];
  bytes.copy(bytes, second + 42, first + 42, first + 46);
  await expect(NpzReader.open('x.npz', inMemory(new Uint8Array(bytes)))).rejects.toThrow('overlap');
});

test('an array twice is refused', async () => {
  const bytes = Buffer.from(read('stored.npz'));
  const [i, u] = headersOf(bytes).filter((at) => bytes.readUInt16LE(at + 28) === 5);
  bytes.copy(bytes, u! + 46, i! + 46, i! + 51);
  await expect(NpzReader.open('x.npz', inMemory(new Uint8Array(bytes)))).rejects.toThrow('twice');
});

test('a deflated file cannot claim more than deflate can give', async () => {
  const bytes = Buffer.from(read('deflated.npz'));
  const [first] = headersOf(bytes);
  bytes.writeUInt32LE(0x7fffffff, first! + 24);
  await expect(NpzReader.open('x.npz', inMemory(new Uint8Array(bytes)))).rejects.toThrow(
    'claims 2147483647 bytes',
  );
});

test.each([
  ['encrypted', 8, 1, 'encrypted'],
  ['packed by another method', 10, 12, 'method 12'],
])('a file that is %s is refused by name', async (_, field, value, words) => {
  const bytes = Buffer.from(read('stored.npz'));
  bytes.writeUInt16LE(value, headersOf(bytes)[0]! + field);
  await expect(NpzReader.open('x.npz', inMemory(new Uint8Array(bytes)))).rejects.toMatchObject({
    code: 'unsupported',
    message: expect.stringContaining(words),
  });
});

test.each([
  ['fortran.npz', 'Fortran'],
  ['big-endian.npz', '>f4'],
  ['objects.npz', '|O'],
])('%s is refused by name', async (name, words) => {
  await expect(open(name)).rejects.toMatchObject({
    code: 'unsupported',
    message: expect.stringContaining(words),
  });
});

/** The stored archive with the Python dictionary of `u` replaced by another of the same length. */
function withHeader(header: string): Uint8Array<ArrayBuffer> {
  const text = Buffer.from(read('stored.npz')).toString('latin1');
  const old = /\{'descr': '\|u1'[^\n]*/.exec(text)![0];
  expect(header.length).toBeLessThanOrEqual(old.length);
  return new Uint8Array(Buffer.from(text.replace(old, header.padEnd(old.length)), 'latin1'));
}

test.each([
  ['keys in another order', "{'shape': (5,), 'fortran_order': False, 'descr': '|u1'}", undefined],
  ['an expression', "{'descr': '|u1', 'fortran_order': False, 'shape': (2+3,), }", 'header'],
  ['a call', "{'descr': '|u1', 'fortran_order': f(), 'shape': (5,), }", 'header'],
  ['a missing key', "{'descr': '|u1', 'shape': (5,), }", 'header'],
  ['a further key', "{'descr': '|u1', 'fortran_order': False, 'shape': (5,), 'x': True}", 'header'],
  ['a negative size', "{'descr': '|u1', 'fortran_order': False, 'shape': (-5,), }", 'header'],
  ['another size', "{'descr': '|u1', 'fortran_order': False, 'shape': (6,), }", 'shape says otherwise'],
  [
    'an endless size',
    "{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999,99999999999999), }",
    'shape',
  ],
])('a header with %s', async (_, header, words) => {
  const opened = NpzReader.open('x.npz', inMemory(withHeader(header)));
  if (words === undefined) expect((await opened).info('u')!.shape).toEqual([5]);
  else
    await expect(opened).rejects.toMatchObject({ code: 'bad-file', message: expect.stringContaining(words) });
});

test('every prefix of an archive is refused', async () => {
  const bytes = read('stored.npz');
  for (let length = 0; length < bytes.length; length += 7)
    await expect(NpzReader.open('cut', inMemory(bytes.slice(0, length)))).rejects.toMatchObject({
      code: 'bad-file',
    });
});
