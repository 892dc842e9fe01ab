import { describe, expect, test } from 'vitest';
import { TestRandom } from '../../testing/random.ts';
import { toPaddedCodes } from '../../dictionary/codes.ts';
import { saeCandidatesReference } from '../../gpu/reference/sae_candidates.ts';
import { saeStatisticsReference } from '../../gpu/reference/sae_statistics.ts';
import { type CountedChunk, type CountedRow, ScanAccumulator, UNUSED } from './accumulator.ts';
import { binEdges, binOf, layoutFor } from './layout.ts';
import { firstRow, type ScanChunk, tokenAt } from './windows.ts';
import { placeHash } from './place-hash.ts';
import { type Firing, readAll, type SyntheticTexts, syntheticTexts } from '../../testing/synthetic-scan.ts';

/** Everything by definition, from a list of all firings. */
function expectBruteForce(scan: ScanAccumulator, texts: SyntheticTexts): void {
  const { layout, arrays, edges } = scan;
  const { perFeature, perStratum, bins, sampleBytes } = layout;
  const state = scan.state();
  const all = texts.firings();
  expect(state.items).toBe(texts.items);
  expect(state.tokens).toBe(texts.counted().length);
  for (let feature = 0; feature < scan.dSae; feature++) {
    const mine = all.filter((firing) => firing.feature === feature);
    expect(state.count[feature]).toBe(mine.length);
    expect(state.max[feature]).toBe(mine.reduce((most, { value }) => Math.max(most, value), 0));
    const mean = mine.reduce((sum, { value }) => sum + value, 0) / mine.length;
    if (mine.length > 0) expect(Math.abs(state.sum[feature]! / mine.length / mean - 1)).toBeLessThan(1e-4);
    const best = new Map<number, Firing>();
    for (const firing of mine)
      if (firing.value > (best.get(firing.item)?.value ?? 0)) best.set(firing.item, firing);
    const top = [...best.values()].sort((a, b) => b.value - a.value || a.item - b.item).slice(0, perFeature);
    expect(placesAt(state.top, feature * perFeature, perFeature)).toEqual(top.map(placeOf));
    if (top[0]) expect(arrays.bestId[feature]).toBe(texts.idAt(top[0].item, top[0].token));
    for (let bin = 0; bin < bins; bin++) {
      const inBin = mine.filter(({ value }) => binOf(edges, value) === bin);
      expect(state.histogram[feature * bins + bin]).toBe(inBin.length);
      const kept = inBin.sort(byHash).slice(0, perStratum);
      const slot = (feature * bins + bin) * perStratum;
      expect(placesAt(state.strata, slot, perStratum)).toEqual(kept.map(placeOf));
    }
  }
  const rows = texts.counted().sort(byHash);
  let bytes = 0;
  const sampled = rows.slice(
    0,
    rows.findIndex(({ item, token }) => {
      bytes += 12 + 8 * texts.at(item, token).length;
      return bytes > sampleBytes;
    }) >>> 0,
  );
  expect(state.sample.rows).toBe(sampled.length);
  sampled.forEach(({ item, token }, row) => {
    expect([state.sample.item[row], state.sample.token[row]]).toEqual([item, token]);
    const [first, end] = [state.sample.offsets[row]!, state.sample.offsets[row + 1]!];
    const own = texts.at(item, token);
    expect([...state.sample.indices.subarray(first, end)]).toEqual(own.map(({ feature }) => feature));
    expect([...state.sample.values.subarray(first, end)]).toEqual(own.map(({ value }) => value));
  });
}

const byHash = (a: { item: number; token: number }, b: { item: number; token: number }): number =>
  placeHash(a.item, a.token) - placeHash(b.item, b.token) || a.item - b.item || a.token - b.token;
const placeOf = ({ item, token, value }: Firing) => ({ item, token, value });

function placesAt(
  { item, token, value }: { item: Uint32Array; token: Uint32Array; value: Float32Array },
  start: number,
  count: number,
): { item: number; token: number; value: number }[] {
  return Array.from({ length: count }, (_, i) => start + i)
    .filter((slot) => item[slot] !== UNUSED)
    .map((slot) => ({ item: item[slot]!, token: token[slot]!, value: value[slot]! }));
}

const small = { bins: 6, perFeature: 3, perStratum: 2, sampleBytes: 20_000 };

describe('a scan agrees with its definition', () => {
  test.each([
    ['random values', { items: 60, longest: 90, dSae: 7, most: 4, seed: 1 }],
    ['few values, so that many are equal', { items: 80, longest: 40, dSae: 5, most: 5, seed: 2, levels: 3 }],
    ['one feature, always the same value', { items: 50, longest: 30, dSae: 1, most: 1, seed: 3, levels: 1 }],
    ['windows of one row, and empty texts', { items: 90, longest: 2, dSae: 4, most: 3, seed: 4, rows: 2 }],
    ['nothing but first rows', { items: 9, longest: 5, dSae: 3, most: 3, seed: 11, rows: 1, prefix: 0 }],
    ['no prefix', { items: 60, longest: 70, dSae: 6, most: 3, seed: 5, prefix: 0 }],
    [
      'all features on every token',
      { items: 40, longest: 30, dSae: 4, most: 4, seed: 6, levels: 2, full: true },
    ],
    ['tiny and huge values', { items: 60, longest: 60, dSae: 5, most: 3, seed: 7, extreme: true }],
    ['a text of many windows', { items: 4, longest: 3_000, dSae: 5, most: 3, seed: 8, rows: 64 }],
  ] as const)('%s', async (_, options) => {
    const texts = syntheticTexts({ silent: options.dSae > 1 ? options.dSae - 1 : undefined, ...options });
    const scan = ScanAccumulator.empty(options.dSae, small);
    await readAll(scan, texts);
    expectBruteForce(scan, texts);
  });
});

test('random stops and restarts leave no trace', async () => {
  const random = new TestRandom(9);
  const texts = syntheticTexts({ items: 120, longest: 300, dSae: 6, most: 4, seed: 10, rows: 64, levels: 5 });
  const whole = ScanAccumulator.empty(6, small);
  await readAll(whole, texts);
  for (let round = 0; round < 5; round++) {
    let scan = ScanAccumulator.empty(6, small);
    let stops = 0;
    for (let done = false; !done;) {
      done = await readAll(scan, texts, { stopAfter: 1 + random.integer(5) });
      stops += 1;
      // A partial result puts the sample in order, which must not matter.
      const { sample } = scan.state();
      scan = ScanAccumulator.from(6, small, { arrays: scan.arrays, figures: scan.figures, sample });
    }
    expect(stops).toBeGreaterThan(3);
    expect(scan.state()).toEqual(whole.state());
    expect(scan.figures).toEqual(whole.figures);
    expect(scan.arrays.bestId).toEqual(whole.arrays.bestId);
  }
});

test.each([
  ['random values', { items: 200, longest: 90, dSae: 7, most: 4, seed: 21 }],
  ['few values', { items: 150, longest: 60, dSae: 5, most: 5, seed: 22, levels: 2 }],
  ['all on every token', { items: 60, longest: 60, dSae: 1, most: 1, seed: 23, full: true }],
  ['tiny and huge values', { items: 100, longest: 60, dSae: 5, most: 3, seed: 24, extreme: true }],
] as const)('what is counted elsewhere gives the same, to the last bit: %s', async (_, options) => {
  const texts = syntheticTexts(options);
  const whole = ScanAccumulator.empty(options.dSae, small);
  await readAll(whole, texts);
  for (const every of [1, 2]) {
    const scan = ScanAccumulator.empty(options.dSae, small);
    const chunks = texts.chunks();
    let bounds = scan.bounds();
    for (let done = 0; ; done++) {
      const chunk = await chunks.at(scan.cursor);
      if (!chunk) break;
      if (done % (3 * every) === 0) bounds = scan.bounds();
      if (done % every === 0) scan.addCounted(chunk, countedByReference(scan, texts, chunk, bounds));
      else await readAll(scan, texts, { stopAfter: 1 });
    }
    expect(scan.state()).toEqual(whole.state());
    expect(scan.figures).toEqual(whole.figures);
    expect(scan.arrays.bestId).toEqual(whole.arrays.bestId);
  }
});

/** As `GpuCounter` does it, by the references of its kernels. */
function countedByReference(
  scan: ScanAccumulator,
  texts: SyntheticTexts,
  chunk: ScanChunk,
  { least, most }: ReturnType<ScanAccumulator['bounds']>,
): CountedChunk {
  const { dSae: k, edges, layout } = scan;
  const totals = new Uint32Array(k * (4 + layout.bins));
  const rows: CountedRow[] = [];
  const entries: number[] = [];
  const bits = new DataView(new ArrayBuffer(4));
  for (const window of chunk.windows) {
    const firstNumber = rows.length;
    const places: number[] = [];
    window.ids.forEach((_, row) => {
      const isCounted = row >= firstRow(window);
      const token = isCounted ? tokenAt(window, row) : 0;
      const hash = placeHash(window.item, token);
      const isWanted = isCounted && scan.reservoir.wants([window.item, token], hash);
      rows.push({ window, row, isWanted });
      places.push(window.item, token, hash, Number(isCounted) + 2 * Number(isWanted));
    });
    const padded = toPaddedCodes(texts.encode(window), k);
    const codes = { ...padded, k, places: Uint32Array.from(places), edges };
    saeStatisticsReference(codes, totals);
    for (const [latent, row, value] of saeCandidatesReference(codes, least, most)) {
      bits.setFloat32(0, value);
      entries.push(latent, firstNumber + row, bits.getUint32(0));
    }
  }
  return { totals, entries: Uint32Array.from(entries), rows };
}

test('a bin has its lower edge, and the outer ones what is outside', () => {
  const edges = binEdges(32);
  expect(edges).toHaveLength(33);
  for (const [bin, low] of edges.subarray(0, 32).entries()) {
    expect(binOf(edges, low)).toBe(bin);
    const high = edges[bin + 1]!;
    expect(binOf(edges, (low + high) / 2)).toBe(bin);
    expect(binOf(edges, high)).toBe(Math.min(31, bin + 1));
  }
  expect([1e-30, 0.0199, 1e30].map((value) => binOf(edges, value))).toEqual([0, 0, 31]);
  expect(binOf(binEdges(1), 5)).toBe(0);
});

test('what is kept is bounded for wide dictionaries', () => {
  for (const dSae of [1, 2_048, 24_576, 65_536, 131_072]) {
    const { bins, perFeature, perStratum, sampleBytes } = layoutFor(dSae);
    const bytes = dSae * (20 + 4 * bins + 12 * (perFeature + bins * perStratum)) + sampleBytes;
    expect(bytes).toBeLessThan(151 * 2 ** 20);
    expect(Math.min(perFeature, perStratum)).toBeGreaterThan(0);
  }
  expect(layoutFor(24_576)).toMatchObject({ bins: 32, perFeature: 20, perStratum: 10 });
});
