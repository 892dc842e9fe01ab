import type { RecordTensor } from '../dictionary/record.ts';

/** All blocks of a tensor put together; throws unless they cover it exactly once and lie where they may. */
export async function wholeTensor({ shape, dtype, blocks }: RecordTensor): Promise<{
  data: Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;
  shape: readonly number[];
}> {
  const width = shape.at(-1)!;
  const size = shape.reduce((product, axis) => product * axis, 1);
  const data = dtype === 'f32' ? new Float32Array(size) : new Uint16Array(size);
  const written = new Uint8Array(size);
  for await (const { row, column, rows, columns, data: part } of blocks()) {
    if (part.length !== rows * columns || column % 4 !== 0)
      throw new Error(`a block of ${part.length} at ${column}`);
    for (let r = 0; r < rows; r++) {
      const at = (row + r) * width + column;
      data.set(part.subarray(r * columns, (r + 1) * columns), at);
      for (let i = at; i < at + columns; i++) written[i]! += 1;
    }
  }
  if (written.some((times) => times !== 1)) throw new Error('blocks overlap or leave a gap');
  return { data, shape };
}
