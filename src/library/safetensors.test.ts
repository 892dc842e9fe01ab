import { describe, expect, test } from 'vitest';
import { safetensorsBytes } from '../testing/safetensors.ts';
import { inMemory } from './random-access.ts';
import { SafetensorsReader } from './safetensors.ts';

const open = (header: string, data: number): Promise<SafetensorsReader> =>
  SafetensorsReader.open(
    'm.safetensors',
    inMemory(
      safetensorsBytes(
        header,
        new Uint8Array(data).map((_, i) => i),
      ),
    ),
  );

const w = '"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}';

test('tensors, parts of them, and what the writer noted', async () => {
  const reader = await open(
    `{"__metadata__":{"format":"pt"},${w},"prototype":{"dtype":"U8","shape":[],"data_offsets":[8,9]}} `,
    9,
  );
  expect(reader.names()).toEqual(['w', 'prototype']);
  expect(reader.metadata).toEqual({ format: 'pt' });
  expect([...(await reader.read('w', 1, 2))]).toEqual([4, 5, 6, 7]);
  expect([...(await reader.read('prototype'))]).toEqual([8]);
  await expect(reader.read('w', 1, 3)).rejects.toThrow('do not exist');
  await expect(reader.read('v')).rejects.toMatchObject({ code: 'not-found' });
});

describe('damage is found', () => {
  test.each([
    ['a name twice', `{${w},${w}}`, 8, 'twice'],
    ['a field twice', '{"w":{"dtype":"I8","dtype":"F32","shape":[2],"data_offsets":[0,8]}}', 8, 'twice'],
    [
      'a name twice, written differently',
      `{${w},"\\u0077":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`,
      8,
      'twice',
    ],
    ['metadata that are no texts', `{"__metadata__":{"a":1},${w}}`, 8, 'metadata'],
    ['a gap', '{"w":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}', 12, 'between'],
    ['an overlap', `{${w},"v":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}`, 12, 'overlap'],
    ['bytes at the end', `{${w}}`, 9, 'belong to no tensor'],
    ['a tensor beyond the end', `{${w}}`, 7, 'outside'],
    [
      'another length than the shape says',
      '{"w":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}',
      8,
      'shape',
    ],
    [
      'a product that overflows',
      '{"w":{"dtype":"F32","shape":[9007199254740991,9007199254740991],"data_offsets":[0,8]}}',
      8,
      'shape',
    ],
    ['a list', '[]', 0, 'list of tensors'],
    ['no JSON', '{', 0, 'not JSON'],
  ])('%s', async (_, header, data, words) => {
    await expect(open(header, data)).rejects.toMatchObject({
      code: 'bad-file',
      message: expect.stringContaining(words),
    });
  });

  test('texts with colons and quotes are not taken for names', async () => {
    const reader = await open(`{"__metadata__":{"a":":\\"b\\":","c\\\\":"d"},${w}}`, 8);
    expect(reader.metadata).toEqual({ a: ':"b":', 'c\\': 'd' });
  });

  test('a type that is not read is named', async () => {
    await expect(open('{"w":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}}', 2)).rejects.toMatchObject(
      {
        code: 'unsupported',
        message: expect.stringContaining('F8_E4M3'),
      },
    );
  });

  test('a header longer than the file', async () => {
    const bytes = safetensorsBytes('{}', new Uint8Array(0));
    bytes[6] = 1;
    await expect(SafetensorsReader.open('m', inMemory(bytes))).rejects.toThrow('claims a header');
  });
});
