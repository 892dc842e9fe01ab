import { describe, expect, test } from 'vitest';
import { PADDING } from './codes.ts';
import type { Dictionary } from './dictionary.ts';
import { readCodes, withRoom } from './room.ts';

const nothing = readCodes([new Uint32Array(), new Float32Array()], 0);

describe('room for features', () => {
  test('codes are read as they are when all fit', () => {
    const arrays = [Uint32Array.of(3, PADDING, 1, 2), Float32Array.of(1, 0, 1, 2), Uint32Array.of(1, 2)];
    const { codes, most, room } = readCodes(arrays, 2);
    expect([most, room, [...codes.indices]]).toEqual([2, 2, [3, 2, 1]]);
    expect(nothing.codes.indices.length).toBe(0);
  });

  test('codes of which some were left out are never given out', () => {
    const arrays = [Uint32Array.of(3, 4), Float32Array.of(1, 1), Uint32Array.of(5, 0)];
    expect(readCodes(arrays, 2)).toMatchObject({ most: 5, room: 1 });
    expect(readCodes(arrays, 2).codes.indices.length).toBe(0);
  });

  test('an attempt without enough room is made again with what it needs', async () => {
    let room = 2;
    const made: number[] = [];
    const dictionary = { makeRoom: (count: number) => (room = count) } as unknown as Dictionary;
    const read = { codes: nothing.codes, most: 7 };
    const result = await withRoom(dictionary, 3, async () => {
      made.push(room);
      return { result: room, read: [{ ...read, room }] };
    });
    expect([result, made]).toEqual([7, [2, 7]]);
  });

  test('it does not go on for ever', async () => {
    const dictionary = { makeRoom() {} } as unknown as Dictionary;
    const read = [{ codes: nothing.codes, most: 7, room: 2 }];
    await expect(withRoom(dictionary, 3, async () => ({ result: 0, read }))).rejects.toThrow('same tokens');
  });
});
