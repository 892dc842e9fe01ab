import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { BLOCK_TYPES, type BlockTypeName, dequantise } from './dequantise.ts';

const golden = JSON.parse(
  readFileSync(new URL('goldens/dequantise.json', import.meta.url), 'utf8'),
) as Record<BlockTypeName, { shape: number[]; blocks: string; values: string }>;

const bytes = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(text, 'base64'));

test('every type has a golden', () => {
  expect(Object.keys(golden).sort()).toEqual(Object.keys(BLOCK_TYPES).sort());
});

test.each(Object.keys(BLOCK_TYPES) as BlockTypeName[])(
  '%s is what gguf-py makes of it, to the bit',
  (name) => {
    const expected = new Float32Array(bytes(golden[name].values).buffer);
    const actual = dequantise(BLOCK_TYPES[name], bytes(golden[name].blocks));
    expect(actual.length).toBe(expected.length);
    for (const [i, value] of expected.entries())
      if (!Object.is(actual[i], value)) throw new Error(`value ${i} is ${actual[i]}, expected ${value}`);
  },
);
