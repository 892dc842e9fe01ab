import { gpuCases } from '../../testing/cases.ts';
import { expectEqual } from '../../testing/close.ts';
import { TestRandom } from '../../testing/random.ts';
import type { Gpu } from '../gpu.ts';
import { saeCandidatesReference } from '../reference/sae_candidates.ts';
import { saeStatisticsReference } from '../reference/sae_statistics.ts';
import { saeCandidates } from './sae_candidates.ts';
import { saeStatistics } from './sae_statistics.ts';

interface Shape {
  nTok: number;
  k: number;
  nLatents: number;
  bins: number;
  value: (random: TestRandom) => number;
}

/** Codes with padding, zeros and latents that do not exist, tokens that are not counted, and thresholds among the values. */
function made({ nTok, k, nLatents, bins, value }: Shape) {
  const random = new TestRandom(nTok + 7 * k + nLatents);
  const edges = Float32Array.from({ length: bins + 1 }, (_, b) => 0.02 * 1e5 ** (b / bins));
  const kind = (): number => random.integer(10);
  const indices = Uint32Array.from({ length: nTok * k }, () =>
    kind() === 0 ? 0xffffffff : random.integer(nLatents + (kind() === 0 ? 1 : 0)),
  );
  const values = Float32Array.from(indices, () => (kind() === 0 ? 0 : value(random)));
  if (values.length > 3) values.set(edges.subarray(0, 3));
  const places = Uint32Array.from({ length: nTok * 4 }, (_, i) =>
    i % 4 === 3 ? random.integer(4) : random.integer(2 ** 32),
  );
  const least = Float32Array.from({ length: nLatents }, () =>
    kind() < 3 ? 0 : values[random.integer(values.length)]!,
  );
  const most = Uint32Array.from({ length: nLatents * bins }, () =>
    kind() < 3 ? 0xffffffff : places[4 * random.integer(nTok) + 2]!,
  );
  return { codes: { indices, values, k, places, edges }, least, most };
}

async function check(gpu: Gpu, shape: Shape): Promise<void> {
  const { nTok, k, nLatents, bins } = shape;
  const { codes, least, most } = made(shape);
  const { indices, values, places, edges } = codes;
  const room = Math.max(1, saeCandidatesReference(codes, least, most).length);
  const batch = gpu.batch('scan kernels');
  const given = {
    codes: { indices: batch.input(indices, [nTok, k]), values: batch.input(values, [nTok, k]) },
    places: batch.input(places, [nTok, 4]),
    edges: batch.input(edges, [bins + 1]),
  };
  const start = new Uint32Array(nLatents * (4 + bins));
  // Added to what is there, with a carry into the high word.
  start[2] = 0xffffffff;
  const totals = batch.input(start, [nLatents, 4 + bins]);
  saeStatistics(batch, { ...given, totals });
  saeStatistics(batch, { ...given, totals });
  const bounds = { least: batch.input(least, [nLatents]), most: batch.input(most, [nLatents, bins]) };
  const found = batch.input(new Uint32Array(1 + 3 * room), [1 + 3 * room]);
  saeCandidates(batch, { ...given, ...bounds, found, firstRow: 0 });
  const tight = Math.max(1, Math.floor(room / 2));
  const few = batch.input(new Uint32Array(1 + 3 * tight), [1 + 3 * tight]);
  saeCandidates(batch, { ...given, ...bounds, found: few, firstRow: 1_000 });
  const { arrays } = await batch.submit([totals, found, few]);
  const what = `${nTok}×${k} of ${nLatents}`;
  const expected = start.slice();
  saeStatisticsReference(codes, expected);
  saeStatisticsReference(codes, expected);
  expectEqual(arrays[0]!, expected, what);
  const entries = (list: Uint32Array, first = 0): string[] => {
    const count = Math.min(list[0]!, (list.length - 1) / 3);
    const of = new Float32Array(list.buffer);
    return Array.from(
      { length: count },
      (_, i) => `${list[1 + 3 * i]} ${list[2 + 3 * i]! - first} ${of[3 + 3 * i]}`,
    ).sort();
  };
  const wanted = saeCandidatesReference(codes, least, most).map((entry) => entry.join(' '));
  const all = arrays[1] as Uint32Array;
  expectEqual([all[0]!], [wanted.length], `${what}: candidates`);
  if (entries(all).join() !== wanted.sort().join()) throw new Error(`${what}: other candidates`);
  const some = arrays[2] as Uint32Array;
  expectEqual([some[0]!], [wanted.length], `${what}: candidates without room`);
  const left = new Map<string, number>();
  for (const entry of wanted) left.set(entry, (left.get(entry) ?? 0) + 1);
  for (const entry of entries(some, 1_000)) {
    const count = left.get(entry) ?? 0;
    if (count === 0) throw new Error(`${what}: ${entry} is no candidate`);
    left.set(entry, count - 1);
  }
}

export const cases = gpuCases('scan kernels', {
  'random values': async (gpu) => {
    for (const [nTok, k, nLatents, bins] of [
      [1, 1, 1, 1],
      [3, 2, 5, 2],
      [300, 24, 2_048, 32],
      [70, 200, 64, 16],
      [33_000, 1, 3, 8],
      [5, 33, 131_072, 16],
    ] as const)
      await check(gpu, { nTok, k, nLatents, bins, value: (random) => 20 * random.next() });
  },
  'all on one latent, all values equal': (gpu) =>
    check(gpu, { nTok: 900, k: 40, nLatents: 1, bins: 32, value: () => 3.25 }),
  'values over the whole range of f32': (gpu) =>
    check(gpu, {
      nTok: 200,
      k: 16,
      nLatents: 40,
      bins: 32,
      value: (random) => Math.fround(2 ** (random.next() * 240 - 120) * (1 + random.next())),
    }),
  'sums that need both words': (gpu) =>
    check(gpu, {
      nTok: 400,
      k: 16,
      nLatents: 7,
      bins: 4,
      value: (random) => Math.fround(1e5 * random.next()),
    }),
});
