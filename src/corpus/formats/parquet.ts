import type { Format } from './format.ts';

/** @source https://parquet.apache.org/docs/file-format */
export const parquet: Format = {
  id: 'parquet',
  title: 'Parquet',
  isText: false,
  likely: ({ bytes, extension }) =>
    String.fromCharCode(...bytes.subarray(0, 4)) === 'PAR1' ? 1 : extension === 'parquet' ? 0.95 : 0,
  async *rows(source, settings) {
    // Its reader and the ways to decompress are only fetched when one is read.
    const { rows } = await import('./parquet-rows.ts');
    yield* rows(source, settings);
  },
};
