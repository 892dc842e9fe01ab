import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MemoryTensors } from '../testing/tensors.ts';
import { wholeTensor } from '../testing/record-tensors.ts';
import { TensorSource } from './tensor-source.ts';

const counting = (length: number): Float32Array => Float32Array.from({ length }, (_, i) => i);
const sourceOf = (tensors: MemoryTensors): TensorSource => new TensorSource(tensors, 'file', 'cfg.json');

describe('tensors in parts', () => {
  test('matrices of any shape, as they are and turned', async () => {
    const sizes = fc.record({
      rows: fc.integer({ min: 1, max: 40 }),
      columns: fc.integer({ min: 1, max: 40 }),
    });
    await fc.assert(
      fc.asyncProperty(sizes, fc.boolean(), fc.boolean(), async ({ rows, columns }, turned, scaled) => {
        const values = counting(rows * columns);
        const stored = turned
          ? Float32Array.from(values, (_, i) => (i % rows) * columns + Math.floor(i / rows))
          : values;
        const tensors = new MemoryTensors().set('m', stored, turned ? [columns, rows] : [rows, columns]);
        const scale = {
          by: 'row' as const,
          values: async () => Float32Array.from({ length: rows }, (_, r) => r),
        };
        const matrix = sourceOf(tensors).matrix('m', [rows, columns], {
          turned: turned ? 'always' : 'never',
          scale: scaled ? scale : undefined,
        });
        const { data } = await wholeTensor(matrix);
        expect(data).toEqual(scaled ? values.map((value, i) => value * Math.floor(i / columns)) : values);
      }),
    );
  });

  test('a large matrix comes in several blocks, and no read is of all of it', async () => {
    const [rows, columns] = [1500, 2052];
    for (const turned of ['never', 'always'] as const) {
      const shape = turned === 'never' ? [rows, columns] : [columns, rows];
      const tensors = new MemoryTensors().set('m', counting(rows * columns), shape);
      const { data } = await wholeTensor(sourceOf(tensors).matrix('m', [rows, columns], { turned }));
      expect(tensors.reads.length).toBe(2);
      const at = (row: number, column: number): number => data[row * columns + column]!;
      expect([at(0, 1), at(1, 0), at(rows - 1, columns - 1)]).toEqual(
        turned === 'never' ? [1, columns, rows * columns - 1] : [rows, 1, rows * columns - 1],
      );
    }
  });

  test('by shape: either orientation, and a square one as declared', async () => {
    const read = async (shape: number[], wanted: [number, number]): Promise<number[]> => {
      const tensors = new MemoryTensors().set('m', counting(shape[0]! * shape[1]!), shape);
      const { data } = await wholeTensor(sourceOf(tensors).matrix('m', wanted, { turned: 'by-shape' }));
      return [...data];
    };
    expect(await read([2, 3], [2, 3])).toEqual([0, 1, 2, 3, 4, 5]);
    expect(await read([3, 2], [2, 3])).toEqual([0, 2, 4, 1, 3, 5]);
    expect(await read([2, 2], [2, 2])).toEqual([0, 1, 2, 3]);
    await expect(read([6, 1], [2, 3])).rejects.toThrow('[6, 1]');
  });

  test('single numbers of several types', async () => {
    const bytes = new DataView(new ArrayBuffer(8));
    const reader = (dtype: 'F64' | 'I64' | 'I32' | 'BOOL', shape: number[]) =>
      new TensorSource(
        {
          names: () => ['n'],
          info: () => ({ dtype, shape }),
          read: async () => new Uint8Array(bytes.buffer.slice(0, ['F64', 'I64'].includes(dtype) ? 8 : 4)),
        },
        'file',
        'cfg.json',
      );
    bytes.setFloat64(0, -1.25, true);
    expect(await reader('F64', []).number('n')).toBe(-1.25);
    bytes.setBigInt64(0, 32n, true);
    expect(await reader('I64', [1]).number('n')).toBe(32);
    expect(await reader('I32', []).number('n')).toBe(32);
    await expect(reader('I32', [2]).number('n')).rejects.toThrow('one number');
    await expect(reader('BOOL', []).number('n')).rejects.toThrow('BOOL');
    const short = new MemoryTensors().set('n', counting(1), []);
    expect(await sourceOf(short).number('n')).toBe(0);
  });

  test('a matrix where a vector is, and nothing where something should be', () => {
    const source = sourceOf(new MemoryTensors().set('v', counting(3), [3]));
    expect(() => source.size('v')).toThrow('must be a matrix');
    expect(() => source.size('w')).toThrow('no tensor "w"');
    expect(() => source.vector('v', 4)).toThrow('cfg.json says [4]');
  });
});
