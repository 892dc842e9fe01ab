import { expect, test } from 'vitest';
import { FacetError } from '../shared/errors.ts';
import { MemoryTensors } from '../testing/tensors.ts';
import { openSharded } from './sharded.ts';

const shards = (): Record<string, MemoryTensors> => ({
  'm-00001-of-00002.safetensors': new MemoryTensors().set('a', Float32Array.of(1, 2), [2]),
  'm-00002-of-00002.safetensors': new MemoryTensors()
    .set('b', Float32Array.of(3, 4, 5), [3])
    .set('prototype', Float32Array.of(6), [1]),
});
const [first, second] = Object.keys(shards()) as [string, string];
const index = { metadata: { total_size: 24 }, weight_map: { a: first, b: second, prototype: second } };

function opener(files: Record<string, MemoryTensors>) {
  const opened: string[] = [];
  const open = async (file: string): Promise<MemoryTensors> => {
    opened.push(file);
    const found = files[file];
    if (!found) throw new FacetError('not-found', `no ${file}`);
    return found;
  };
  return { open, opened };
}

test('several files are one, each opened once', async () => {
  const { open, opened } = opener(shards());
  const model = await openSharded(index, open);
  expect(opened).toEqual([first, second]);
  expect(model.names()).toEqual(['a', 'b', 'prototype']);
  expect(model.info('b')).toMatchObject({ dtype: 'F32', shape: [3] });
  expect([...new Float32Array((await model.read('b', 1, 3)).slice().buffer)]).toEqual([4, 5]);
  expect(model.info('c')).toBeUndefined();
  await expect(model.read('c')).rejects.toMatchObject({ code: 'not-found' });
});

test('a missing file is named', async () => {
  const files = shards();
  delete files[second];
  await expect(openSharded(index, opener(files).open)).rejects.toMatchObject({
    code: 'not-found',
    message: expect.stringContaining(second),
  });
});

test('other errors pass as they are', async () => {
  const failure = new FacetError('network', 'offline');
  await expect(openSharded(index, () => Promise.reject(failure))).rejects.toBe(failure);
});

test('a tensor that is elsewhere, or in two files, is refused', async () => {
  const moved = { weight_map: { ...index.weight_map, b: first } };
  await expect(openSharded(moved, opener(shards()).open)).rejects.toThrow(`"b" is not in ${first}`);
  const twice = shards();
  twice[second]!.set('a', Float32Array.of(9, 9), [2]);
  await expect(openSharded(index, opener(twice).open)).rejects.toThrow(`"a" is in ${second} too`);
});

test.each([
  null,
  {},
  [],
  { weight_map: [] },
  { weight_map: { a: 3 } },
  { weight_map: { a: '../x.safetensors' } },
  { weight_map: { a: 'x.bin' } },
])('%j is no index', async (json) => {
  const { open, opened } = opener(shards());
  await expect(openSharded(json, open)).rejects.toMatchObject({ code: 'bad-file' });
  expect(opened).toEqual([]);
});
