import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ggufBytes, type GgufParts } from '../testing/gguf.ts';
import { BLOCK_TYPES } from './dequantise.ts';
import { GgufReader } from './gguf.ts';
import { inMemory, type RandomAccess } from './random-access.ts';

const file = new Uint8Array(readFileSync(new URL('goldens/types.gguf', import.meta.url)));
const golden = JSON.parse(
  readFileSync(new URL('goldens/dequantise.json', import.meta.url), 'utf8'),
) as Record<string, { shape: number[]; values: string }>;

const open = (parts: GgufParts): Promise<GgufReader> => GgufReader.open('m.gguf', inMemory(ggufBytes(parts)));

describe('a file written by gguf-py', () => {
  test('metadata of every type', async () => {
    const { metadata } = await GgufReader.open('types.gguf', inMemory(file));
    const about = Object.fromEntries([...metadata].filter(([key]) => key.startsWith('test.')));
    expect(about).toEqual({
      'test.u8': 200,
      'test.i8': -100,
      'test.u16': 60_000,
      'test.i16': -30_000,
      'test.u32': 4_000_000_000,
      'test.i32': -2_000_000_000,
      'test.u64': 2 ** 53 - 1,
      'test.i64': -(2 ** 40),
      'test.f32': 0.5,
      'test.f64': 0.1,
      'test.bool': true,
      'test.text': 'naïve 🦊',
      'test.numbers': Int32Array.of(1, -2, 3),
      'test.reals': Float32Array.of(0.5, -0.25),
      'test.truths': Uint8Array.of(1, 0),
      'test.texts': ['a', '', 'ü'],
      'test.lists': [Int32Array.of(1, 2), Int32Array.of(3)],
    });
  });

  test.each(Object.keys(BLOCK_TYPES))('%s appears as F32, and any range of it can be read', async (type) => {
    const reader = await GgufReader.open('types.gguf', inMemory(file));
    const { shape, values } = golden[type]!;
    expect(reader.info(`as.${type}`)).toMatchObject({ dtype: 'F32', stored: type, shape });
    const expected = Buffer.from(values, 'base64');
    const count = expected.length / 4;
    for (const [from, to] of [
      [0, count],
      [1, 2],
      [31, 33],
      [count - 1, count],
      [5, 5],
      [7, count - 3],
    ] as const) {
      const bytes = await reader.read(`as.${type}`, from, to);
      const part = new Float32Array(bytes.slice().buffer);
      expect(part).toEqual(new Float32Array(new Uint8Array(expected.subarray(from * 4, to * 4)).buffer));
    }
  });

  test.each([
    ['F32', Float32Array],
    ['F64', Float64Array],
    ['I8', Int8Array],
    ['I32', Int32Array],
  ])('%s as it is, row-major', async (type, List) => {
    const reader = await GgufReader.open('types.gguf', inMemory(file));
    expect(reader.info(`as.${type}`)).toMatchObject({ dtype: type, shape: [3, 5], stored: undefined });
    const all = await reader.read(`as.${type}`);
    expect([...new List(all.slice().buffer)]).toEqual(Array.from({ length: 15 }, (_, i) => i - 6));
    const part = await reader.read(`as.${type}`, 4, 6);
    expect([...new List(part.slice().buffer)]).toEqual([-2, -1]);
  });

  test('elements that do not exist are not read', async () => {
    const reader = await GgufReader.open('types.gguf', inMemory(file));
    await expect(reader.read('as.F32', 3, 16)).rejects.toThrow('do not exist');
    await expect(reader.read('as.F32', -1, 2)).rejects.toThrow('do not exist');
    await expect(reader.read('none')).rejects.toMatchObject({ code: 'not-found' });
  });
});

test('a header longer than a piece is read in pieces, and none of the tensors with it', async () => {
  const tokens = Array.from({ length: 60_000 }, (_, i) => `token number ${i}`);
  const bytes = ggufBytes({
    metadata: [['tokenizer.ggml.tokens', tokens]],
    tensors: [{ name: 'w', type: 0, ne: [100_000], data: new Uint8Array(400_000).fill(1) }],
  });
  const asked: number[] = [];
  const counted: RandomAccess = {
    size: bytes.length,
    read: async (from, to) => {
      asked.push(to - from);
      return bytes.subarray(from, to);
    },
  };
  const reader = await GgufReader.open('m.gguf', counted);
  expect(reader.metadata.get('tokenizer.ggml.tokens')).toEqual(tokens);
  expect(asked.length).toBeGreaterThan(2);
  expect(Math.max(...asked)).toBeLessThan(bytes.length);
  expect((await reader.read('w', 7, 9)).length).toBe(8);
});

test('texts keep a byte order mark', async () => {
  const { metadata } = await open({ metadata: [['tokens', ['//', '\ufeff//']]] });
  expect(metadata.get('tokens')).toEqual(['//', '\ufeff//']);
});

describe('damage is found before anything is allocated for it', () => {
  const f32 = (name: string, offset = 0, ne = [8]): NonNullable<GgufParts['tensors']>[number] => ({
    name,
    type: 0,
    ne,
    offset,
  });
  const data = new Uint8Array(64);
  test.each<[string, GgufParts, string]>([
    ['another magic', { magic: 0x46554748 }, 'does not begin with GGUF'],
    ['a million metadata entries', { keyCount: 1_000_000n }, 'claims 1000000 metadata entries'],
    ['more tensors than fit into the file', { tensorCount: 60_000n }, 'claims 60000 tensors'],
    ['2^63 tensors', { tensorCount: 2n ** 63n }, 'claims a size of'],
    [
      'a key twice',
      {
        metadata: [
          ['a', 'x'],
          ['a', 'y'],
        ],
      },
      '"a" twice',
    ],
    ['a tensor twice', { tensors: [f32('w'), f32('w', 32)], data }, '"w" twice'],
    ['tensors that overlap', { tensors: [f32('v', 0, [16]), f32('w', 32)], data }, 'overlap'],
    ['a tensor beyond the end', { tensors: [f32('w', 64)], data }, 'outside the file'],
    ['a tensor that is not aligned', { tensors: [f32('w', 4)], data }, 'not aligned'],
    [
      'a shape whose product overflows',
      { tensors: [f32('w', 0, [2 ** 40, 2 ** 40])], data },
      'outside the file',
    ],
    ['five axes', { tensors: [f32('w', 0, [1, 1, 1, 1, 1])], data }, '5 axes'],
    [
      'rows that are no whole blocks',
      { tensors: [{ name: 'w', type: 8, ne: [33], offset: 0 }], data },
      'a multiple of 32',
    ],
    ['an odd alignment', { metadata: [['general.alignment', 3]], data }, 'alignment'],
  ])('%s', async (_, parts, words) => {
    await expect(open(parts)).rejects.toMatchObject({
      code: 'bad-file',
      message: expect.stringContaining(words),
    });
  });

  test.each<[string, GgufParts, string]>([
    ['version 1', { version: 1 }, 'version 1'],
    ['big-endian files', { version: 0x03000000 }, 'big-endian'],
    [
      'a type that is not read',
      { tensors: [{ name: 'w', type: 16, ne: [256], offset: 0 }], data },
      'IQ2_XXS',
    ],
    ['a type of the future', { tensors: [{ name: 'w', type: 99, ne: [256], offset: 0 }], data }, 'number 99'],
  ])('%s: refused by name', async (_, parts, words) => {
    await expect(open(parts)).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining(words),
    });
  });

  test('every prefix of a file is refused', async () => {
    for (let length = 0; length < file.length; length += 13)
      await expect(GgufReader.open('cut', inMemory(file.slice(0, length)))).rejects.toMatchObject({
        code: 'bad-file',
      });
  });
});
