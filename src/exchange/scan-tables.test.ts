import { parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { expect, test } from 'vitest';
import type { ScanDump } from '../engine/protocol.ts';
import { tableParquet } from './scan-parquet.ts';
import { type Column, rowsOf, scanJson, scanTables } from './scan-tables.ts';

const NONE = 0xffffffff;
/** Three features, two top places, two bins of one place. */
const dump: ScanDump = {
  id: 's',
  corpus: { id: 'own-0', name: 'Mine', items: 9, metadata: [] },
  model: 'm',
  modelDigest: 'aa',
  dictionary: 'd',
  dictionaryDigest: 'bb',
  items: 4,
  tokens: 40,
  longItems: 1,
  count: Uint32Array.of(3, 0, 1),
  sum: Float64Array.of(6.3, 0, 0.1),
  max: Float32Array.of(4, 0, 0.1),
  bins: 2,
  edges: Float32Array.of(0.01, 1, 10),
  histogram: Uint32Array.of(0, 3, 0, 0, 1, 0),
  topTokens: [' cat', '', '"quoted", \n'],
  top: {
    perFeature: 2,
    item: Uint32Array.of(3, 1, NONE, NONE, 2, NONE),
    token: Uint32Array.of(7, 0, NONE, NONE, 5, NONE),
    value: Float32Array.of(4, 1.3, 0, 0, 0.1, 0),
  },
  strata: {
    perFeature: 2,
    perStratum: 1,
    item: Uint32Array.of(NONE, 3, NONE, NONE, 2, NONE),
    token: Uint32Array.of(NONE, 7, NONE, NONE, 5, NONE),
    value: Float32Array.of(0, 4, 0, 0, 0.1, 0),
  },
};
const tables = scanTables(dump, (feature) => (feature === 2 ? 'rare “thing”' : ''));
const objects = (columns: readonly Column[]) =>
  [...rowsOf(columns)].map((row) => Object.fromEntries(columns.map(({ name }, i) => [name, row[i]])));
const f32 = Math.fround;

test('a row a feature, a row a kept place', () => {
  expect(objects(tables.latents)).toEqual([
    { index: 0, count: 3, rate: 3 / 40, mean: 6.3 / 3, max: 4, top_token: ' cat', label: '' },
    { index: 1, count: 0, rate: 0, mean: 0, max: 0, top_token: '', label: '' },
    {
      index: 2,
      count: 1,
      rate: 1 / 40,
      mean: 0.1,
      max: f32(0.1),
      top_token: '"quoted", \n',
      label: 'rare “thing”',
    },
  ]);
  expect(objects(tables.examples)).toEqual([
    { index: 0, stratum: -1, rank: 0, item: 3, token: 7, value: 4 },
    { index: 0, stratum: -1, rank: 1, item: 1, token: 0, value: f32(1.3) },
    { index: 0, stratum: 1, rank: 0, item: 3, token: 7, value: 4 },
    { index: 2, stratum: -1, rank: 0, item: 2, token: 5, value: f32(0.1) },
    { index: 2, stratum: 0, rank: 0, item: 2, token: 5, value: f32(0.1) },
  ]);
});

test('places keep their stratum where strata hold several', () => {
  const strata = {
    perFeature: 4,
    perStratum: 2,
    item: Uint32Array.from({ length: 12 }, (_, i) => (i % 2 === 0 ? 1 : NONE)),
    token: new Uint32Array(12),
    value: new Float32Array(12),
  };
  const found = objects(scanTables({ ...dump, strata }, () => '').examples).filter(
    ({ stratum }) => stratum !== -1,
  );
  expect(found.map(({ index, stratum, rank }) => [index, stratum, rank])).toEqual([
    [0, 0, 0],
    [0, 1, 0],
    [1, 0, 0],
    [1, 1, 0],
    [2, 0, 0],
    [2, 1, 0],
  ]);
});

test.each(['latents', 'examples'] as const)('Parquet holds the table of %s', async (name) => {
  const file = tableParquet(tables[name], tables.about);
  expect(await parquetReadObjects({ file })).toEqual(objects(tables[name]));
  const { key_value_metadata: about } = await parquetMetadataAsync(file);
  expect(JSON.parse(about!.find(({ key }) => key === 'facet')!.value!)).toEqual({
    format: 'facet-scan',
    version: 1,
    ...tables.about,
  });
});

test('an empty table is a file too', async () => {
  const nothing = { ...dump.top, item: dump.top.item.map(() => NONE) };
  const none = { ...dump.strata, item: dump.strata.item.map(() => NONE) };
  const { examples, about } = scanTables({ ...dump, top: nothing, strata: none }, () => '');
  expect(await parquetReadObjects({ file: tableParquet(examples, about) })).toEqual([]);
});

test('JSON in pieces is one JSON', () => {
  const all = JSON.parse([...scanJson(tables)].join(''));
  expect(all.about).toEqual({
    corpus: 'Mine',
    corpusId: 'own-0',
    model: 'm',
    modelDigest: 'aa',
    dictionary: 'd',
    dictionaryDigest: 'bb',
    items: 4,
    totalItems: 9,
    tokens: 40,
    longItems: 1,
    edges: [f32(0.01), 1, 10],
  });
  for (const name of ['latents', 'examples'] as const)
    expect(all[name]).toEqual({
      columns: tables[name].map((column) => column.name),
      rows: [...rowsOf(tables[name])],
    });
  // More rows than go into one piece.
  const many: Column[] = [
    { name: 'i', type: 'INT32', data: Int32Array.from({ length: 12_001 }, (_, i) => i) },
  ];
  const long = JSON.parse([...scanJson({ ...tables, examples: many })].join(''));
  expect(long.examples.rows).toEqual([...rowsOf(many)]);
  expect([...scanJson({ ...tables, examples: many })].length).toBeGreaterThan(8);
});
