import { FacetError } from '../../shared/errors.ts';
import { gpuCases } from '../../testing/cases.ts';
import { expectClose } from '../../testing/close.ts';
import { TestRandom } from '../../testing/random.ts';
import type { Gpu } from '../gpu.ts';
import { attentionRowScoresReference } from '../reference/attention_row_scores.ts';
import { attentionRowScores, type Measure } from './attention_row_scores.ts';

const everyFactor: Measure[] = [
  { keys: 'all', factor: 'one' },
  { keys: 'all', factor: 'distance' },
  { keys: 'all', factor: 'surprise' },
  { keys: 'all', factor: 'rise' },
  { keys: 0, factor: 'one' },
  { keys: 31, factor: 'one' },
  { keys: 7, factor: 'rise' },
];

/** Causal rows that add up to 1, some with keys that get nothing; numbers above the diagonal that must not be read. */
function randomPattern(
  random: TestRandom,
  nHeads: number,
  nRows: number,
  window = nRows,
): Float32Array<ArrayBuffer> {
  const pattern = new Float32Array(nHeads * nRows * nRows).fill(7);
  for (let row = 0; row < nHeads * nRows; row++) {
    const t = row % nRows;
    const logits = random.normal(t + 1, 3);
    const seen = Array.from(logits, (value, s) => (t - s < window ? Math.exp(value) : 0));
    const total = seen.reduce((sum, value) => sum + value, 0);
    seen.forEach((value, s) => (pattern[row * nRows + s] = value / total));
  }
  return pattern;
}

async function check(
  gpu: Gpu,
  shape: { nHeads: number; nRows: number; window?: number },
  measures: readonly Measure[],
): Promise<void> {
  const { nHeads, nRows } = shape;
  const random = new TestRandom(nRows);
  const pattern = randomPattern(random, nHeads, nRows, shape.window);
  const marks = Uint32Array.from({ length: nRows * nRows }, () => random.integer(2 ** 32));
  const rise = random.normal(nHeads * nRows, 2);
  using p = gpu.upload(pattern, [nHeads, nRows, nRows]);
  using r = gpu.upload(rise, [nHeads, nRows]);
  const batch = gpu.batch('attention_row_scores');
  const m = batch.input(marks, [nRows, nRows]);
  const { arrays } = await batch.submit([
    attentionRowScores(batch, { pattern: p, marks: m, rise: r, measures }),
  ]);
  const expected = attentionRowScoresReference({ pattern, marks, rise }, shape, measures);
  // Distances are as large as the text is long.
  expectClose(arrays[0]!, expected, { absolute: 2e-6, relative: 2e-6 }, `${nHeads} heads, ${nRows} rows`);
}

export const cases = gpuCases('attention_row_scores', {
  'random patterns of every factor, one row to many, windows': async (gpu) => {
    for (const [nHeads, nRows, window] of [
      [1, 1],
      [3, 2],
      [2, 33],
      [6, 64, 5],
      [5, 131],
      [1, 300, 64],
    ] as const) {
      await check(gpu, { nHeads, nRows, window }, everyFactor);
    }
  },
  'as many measures as there may be': (gpu) =>
    check(
      gpu,
      { nHeads: 2, nRows: 17 },
      Array.from({ length: 32 }, (_, keys) => ({ keys, factor: keys % 2 ? 'rise' : 'one' })),
    ),
  'all attention on one key has no entropy, evenly spread log2 of the keys': async (gpu) => {
    const nRows = 16;
    const pattern = new Float32Array(2 * nRows * nRows);
    for (let t = 0; t < nRows; t++) {
      pattern[t * nRows] = 1;
      for (let s = 0; s <= t; s++) pattern[(nRows + t) * nRows + s] = 1 / (t + 1);
    }
    using p = gpu.upload(pattern, [2, nRows, nRows]);
    const batch = gpu.batch('attention_row_scores');
    const marks = batch.input(new Uint32Array(nRows * nRows), [nRows, nRows]);
    const sums = attentionRowScores(batch, {
      pattern: p,
      marks,
      measures: [{ keys: 'all', factor: 'surprise' }],
    });
    const { arrays } = await batch.submit([sums]);
    const even = Array.from({ length: nRows }, (_, t) => Math.log2(t + 1));
    expectClose(arrays[0]!, [...even.map(() => 0), ...even], { absolute: 1e-5 });
  },
  'a rise that is asked for and not given, no measures, or marks of another text are refused': async (
    gpu,
  ) => {
    using pattern = gpu.upload(new Float32Array(4), [1, 2, 2]);
    const batch = gpu.batch('attention_row_scores');
    const marks = batch.input(new Uint32Array(4), [2, 2]);
    const other = batch.input(new Uint32Array(9), [3, 3]);
    const one: Measure = { keys: 'all', factor: 'one' };
    for (const [given, measures] of [
      [marks, [{ keys: 'all', factor: 'rise' }]],
      [marks, []],
      [marks, Array.from({ length: 33 }, () => one)],
      [marks, [{ keys: 32, factor: 'one' }]],
      [other, [one]],
    ] as [typeof marks, Measure[]][]) {
      let code = '';
      try {
        attentionRowScores(batch, { pattern, marks: given, measures });
      } catch (thrown) {
        code = (thrown as FacetError).code;
      }
      if (code !== 'bug') throw new Error(`accepted ${JSON.stringify(measures)}`);
    }
    batch.discard();
  },
});
