import { FacetError } from '../../shared/errors.ts';
import { gpuCases } from '../../testing/cases.ts';
import { expectClose, expectEqual } from '../../testing/close.ts';
import { TestRandom } from '../../testing/random.ts';
import type { Gpu } from '../gpu.ts';
import { editRowsReference } from '../reference/edit_rows.ts';
import { saeLatentValueReference } from '../reference/sae_latent_value.ts';
import { editRows, STAYS } from './edit_rows.ts';
import { saeLatentValue } from './sae_latent_value.ts';

interface Shape {
  nRows: number;
  d: number;
  columns?: { from: number; count: number };
  nSource: number;
}

const SHAPES: readonly Shape[] = [
  { nRows: 1, d: 4, nSource: 1 },
  { nRows: 1, d: 192, columns: { from: 32, count: 32 }, nSource: 1 },
  { nRows: 9, d: 36, columns: { from: 32, count: 4 }, nSource: 5 },
  { nRows: 70, d: 300, columns: { from: 0, count: 12 }, nSource: 70 },
  { nRows: 256, d: 2304, nSource: 300 },
];

/** Rows of the source, some staying. */
function chosenRows(random: TestRandom, { nRows, nSource }: Shape): Uint32Array<ArrayBuffer> {
  return Uint32Array.from({ length: nRows }, () =>
    nRows > 1 && random.next() < 0.4 ? STAYS : random.integer(nSource),
  );
}

async function checkShape(gpu: Gpu, shape: Shape): Promise<void> {
  const { nRows, d, nSource } = shape;
  const columns = shape.columns ?? { from: 0, count: d };
  const random = new TestRandom(d);
  const [x, source] = [random.normal(nRows * d), random.normal(nSource * columns.count)];
  const [values, scales] = [random.normal(nRows), random.normal(4 * nRows)];
  const rows = chosenRows(random, shape);
  const batch = gpu.batch('edit_rows');
  const given = { x: batch.input(x, [nRows, d]), rows: batch.input(rows, [nRows]), columns: shape.columns };
  const tensor = batch.input(source, [nSource, columns.count]);
  const weighed = {
    values: { tensor: batch.input(values, [nRows]), by: -0.75 },
    scales: batch.input(scales, [nRows, 4]),
  };
  const { arrays } = await batch.submit([
    editRows(batch, { ...given, factor: -2.5 }),
    editRows(batch, { ...given, factor: 0, added: { source: tensor } }),
    editRows(batch, { ...given, added: { source: tensor, constant: 1.5 } }),
    editRows(batch, { ...given, added: { source: tensor, constant: 0.5, values: weighed.values } }),
    editRows(batch, { ...given, factor: 0.5, added: { source: tensor, constant: -3, ...weighed } }),
  ]);
  const plain = { ...columns, factor: 1, source, constant: 1 };
  const of = { of: values, by: -0.75 };
  const expected = [
    { ...columns, factor: -2.5, constant: 1 },
    { ...plain, factor: 0 },
    { ...plain, constant: 1.5 },
    { ...plain, constant: 0.5, values: of },
    { ...plain, factor: 0.5, constant: -3, values: of, scales },
  ];
  expected.forEach((edit, i) => {
    const what = `${nRows} × ${d}, edit ${i}`;
    const own = arrays[i] as Float32Array;
    expectClose(own, editRowsReference(x, rows, edit), { relative: 1e-6 }, what);
    const untouched = (all: ArrayLike<number>): Float32Array =>
      Float32Array.from(all, (value, at) => {
        const column = (at % d) - columns.from;
        const stays = rows[Math.floor(at / d)] === STAYS || column < 0 || column >= columns.count;
        return stays ? value : 0;
      });
    expectEqual(untouched(own), untouched(x), `${what}: what stays, bit for bit`);
  });
}

export const cases = gpuCases('edit_rows', {
  'weighted rows, all shapes': async (gpu) => {
    for (const shape of SHAPES) await checkShape(gpu, shape);
  },
  'nothing in scope leaves everything, and what is replaced does not come through': async (gpu) => {
    const x = Float32Array.of(1, -0, NaN, Infinity, 5, 6, 7, NaN);
    const source = Float32Array.of(1, 2, 3, 4);
    const batch = gpu.batch('edit_rows');
    const edit = (rows: number[]) =>
      editRows(batch, {
        x: batch.input(x, [2, 4]),
        rows: batch.input(Uint32Array.from(rows), [2]),
        factor: 0,
        added: { source: batch.input(source, [1, 4]) },
      });
    const { arrays } = await batch.submit([edit([STAYS, STAYS]), edit([0, STAYS]), edit([STAYS, 0])]);
    const bits = (values: ArrayLike<number>): Uint32Array =>
      new Uint32Array(Float32Array.from(values).buffer);
    expectEqual(bits(arrays[0]!), bits(x), 'nothing');
    expectEqual(bits(arrays[1]!), bits([...source, ...x.subarray(4)]), 'first');
    expectEqual(bits(arrays[2]!), bits([...x.subarray(0, 4), ...source]), 'second');
  },
  'shapes that do not fit are refused': (gpu) => {
    const batch = gpu.batch('edit_rows');
    const x = batch.input(new Float32Array(24), [3, 8]);
    const rows = batch.input(new Uint32Array(3), [3]);
    const source = batch.input(new Float32Array(4), [1, 4]);
    const wrong: Parameters<typeof editRows>[1][] = [
      { x, rows: batch.input(new Uint32Array(2), [2]) },
      { x, rows: batch.input(new Float32Array(3), [3]) },
      { x, rows, columns: { from: 8, count: 4 } },
      { x, rows, columns: { from: 2, count: 4 } },
      { x, rows, added: { source } },
      { x, rows, added: { source, values: { tensor: source, by: 1 } }, columns: { from: 0, count: 4 } },
      { x, rows, added: { source, scales: source }, columns: { from: 0, count: 4 } },
    ];
    for (const each of wrong) {
      try {
        editRows(batch, each);
      } catch (thrown) {
        if (thrown instanceof FacetError && thrown.code === 'bug') continue;
        throw thrown;
      }
      throw new Error('accepted');
    }
    batch.discard();
    return Promise.resolve();
  },
  'sae_latent_value: first, last and absent latents, padding': async (gpu) => {
    for (const [nTok, k, latents] of [
      [1, 1, 1],
      [7, 24, 60],
      [300, 5, 9],
      [130, 512, 900],
    ] as const) {
      const random = new TestRandom(k);
      const indices = Uint32Array.from({ length: nTok * k }, () => 0xffffffff);
      const values = new Float32Array(nTok * k);
      for (let t = 0; t < nTok; t++) {
        const all = Array.from({ length: latents }, (_, latent) => latent).sort(() => random.next() - 0.5);
        all.slice(0, 1 + random.integer(k)).forEach((latent, i) => {
          indices[t * k + i] = latent;
          values[t * k + i] = random.next();
        });
      }
      const batch = gpu.batch('sae_latent_value');
      const codes = { indices: batch.input(indices, [nTok, k]), values: batch.input(values, [nTok, k]) };
      const asked = [0, latents - 1, latents];
      const { arrays } = await batch.submit(
        asked.map((latent) => saeLatentValue(batch, { ...codes, latent })),
      );
      asked.forEach((latent, i) =>
        expectEqual(arrays[i]!, saeLatentValueReference(indices, values, k, latent), `latent ${latent}`),
      );
    }
  },
});
