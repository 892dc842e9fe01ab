import { FacetError } from '../../shared/errors.ts';
import type { Gpu } from '../../gpu/gpu.ts';
import { bundledEngine } from '../../testing/bundled-engine.ts';
import { codeOf } from '../../testing/bundled-session.ts';
import { gpuCases } from '../../testing/cases.ts';
import { expectClose, expectEqual } from '../../testing/close.ts';
import { PlainDictionary } from '../../testing/plain-dictionary.ts';
import type { Neighbours } from '../protocol.ts';
import type { Session } from '../session.ts';
import { readDirections } from './directions.ts';
import { readNeighbours } from './neighbours.ts';

const nothing = (): void => {};
const WIDTH = 36;
const LATENTS = 301;
/** Features without a direction, the first and the last among them. */
const DEAD = [0, 57, 300];
const HOOK = 'blocks.0.hook_resid_pre';

/** A random dictionary with dead rows and two features that point the same way, at different lengths. */
async function withPlain(
  gpu: Gpu,
  work: (session: Session, plain: PlainDictionary) => Promise<void>,
): Promise<void> {
  const plain = new PlainDictionary({ hook: HOOK, dIn: WIDTH, dSae: LATENTS, architecture: 'topk', k: 4 });
  for (const feature of DEAD) plain.direction(feature).fill(0);
  plain.direction(9).set(plain.direction(4).map((value) => 3 * value));
  using dictionary = await plain.upload(gpu);
  const session = {
    opened: { gpu, current: { dictionary, info: { digest: 'plain' } } },
    turn: <Result>(piece: () => Promise<Result>) => piece(),
  };
  await work(session as unknown as Session, plain);
}

/** [F, d] in f64. */
function unitReference(plain: PlainDictionary): Float64Array[] {
  return Array.from({ length: LATENTS }, (_, feature) => {
    const row = Float64Array.from(plain.direction(feature));
    const norm = Math.hypot(...row);
    return row.map((value) => (norm > 0 ? value / norm : 0));
  });
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i]!, 0);

/** Every neighbour in order, with its cosine. */
function expectNearest({ features, k, indices, cosines }: Neighbours, unit: readonly Float64Array[]): void {
  features.forEach((feature, at) => {
    const all = Array.from(features, (other) => dot(unit[feature]!, unit[other]!));
    const best = all
      .map((_, place) => place)
      .filter((place) => place !== at)
      .sort((a, b) => all[b]! - all[a]! || a - b)
      .slice(0, k);
    const found = indices.subarray(at * k, (at + 1) * k);
    if (found.includes(at)) throw new Error(`feature ${feature} is its own neighbour`);
    expectClose(
      Array.from(found, (place) => all[place]!),
      best.map((place) => all[place]!),
      { absolute: 1e-6 },
      `cosines of the neighbours of ${feature}`,
    );
    expectClose(
      cosines.subarray(at * k, (at + 1) * k),
      best.map((place) => all[place]!),
      { absolute: 1e-6 },
      `cosines given for ${feature}`,
    );
    expectEqual(new Set(found).size ? [new Set(found).size] : [], [k], 'different neighbours');
  });
}

export const cases = gpuCases('directions of features', {
  'are decoder rows of unit length where they fit, and zeros for dead features': (gpu) =>
    withPlain(gpu, async (session, plain) => {
      const { data, projected, ...shape } = await readDirections(session, WIDTH);
      expectEqual([shape.features, shape.dimensions, Number(projected)], [LATENTS, WIDTH, 0]);
      const expected = unitReference(plain).flatMap((row) => Array.from(row));
      expectClose(data, expected, { absolute: 1e-6 }, 'directions');
    }),
  'are projected at random otherwise, the same each time, and keep lengths and angles nearly': (gpu) =>
    withPlain(gpu, async (session, plain) => {
      const most = 24;
      const first = await readDirections(session, most);
      const again = await readDirections(session, most);
      expectEqual([first.dimensions, Number(first.projected)], [most, 1]);
      expectEqual(again.data, first.data, 'the second time');
      const unit = unitReference(plain);
      const row = (feature: number): Float32Array =>
        first.data.subarray(feature * most, (feature + 1) * most);
      for (const feature of DEAD) expectEqual(row(feature), new Float32Array(most), `dead ${feature}`);
      expectClose(row(9), row(4), { absolute: 1e-6 }, 'features that point the same way');
      const living = unit.flatMap((_, feature) => (DEAD.includes(feature) ? [] : [feature]));
      const mean = living.reduce((sum, feature) => sum + dot(row(feature), row(feature)), 0) / living.length;
      // The deviation of a squared length is √(2 / m), and the mean of 298 has a few percent of it.
      if (Math.abs(mean - 1) > 0.15) throw new Error(`squared lengths are ${mean} on average`);
      let off = 0;
      for (const a of living.slice(0, 60)) {
        for (const b of living.slice(0, 60))
          off += (dot(row(a), row(b)) - dot(unit[a]!, unit[b]!)) ** 2 / 3600;
      }
      if (Math.sqrt(off) > 1.5 / Math.sqrt(most)) throw new Error(`cosines are off by ${Math.sqrt(off)}`);
    }),
  'have exactly the nearest neighbours of a plain search, dead features left out': (gpu) =>
    withPlain(gpu, async (session, plain) => {
      const seen: number[] = [];
      const found = await readNeighbours(session, { k: 7 }, ({ done, total }) => seen.push(done / total));
      expectEqual(
        found.features,
        Array.from({ length: LATENTS }, (_, i) => i).filter((feature) => !DEAD.includes(feature)),
      );
      expectNearest(found, unitReference(plain));
      expectEqual([seen.at(-1)!], [1], 'progress');
    }),
  'have neighbours among some of them, as many as there are': (gpu) =>
    withPlain(gpu, async (session, plain) => {
      const some = Uint32Array.from([0, 4, 9, 100, 200, 299]);
      const found = await readNeighbours(session, { k: 10, features: some }, nothing);
      expectEqual(found.features, [4, 9, 100, 200, 299]);
      expectEqual([found.k], [4]);
      expectNearest(found, unitReference(plain));
      const alone = await readNeighbours(session, { k: 3, features: some.slice(0, 2) }, nothing);
      expectEqual([alone.k, alone.indices.length, ...alone.features], [0, 0, 4]);
    }),
  'that make no sense are refused by name': (gpu) =>
    withPlain(gpu, async (session) => {
      const refused = [
        () => readDirections(session, 0),
        () => readDirections(session, 1.5),
        () => readNeighbours(session, { k: 0 }, nothing),
        () => readNeighbours(session, { k: 257 }, nothing),
        () => readNeighbours(session, { k: 2, features: Uint32Array.of(1, LATENTS) }, nothing),
        () => readNeighbours(session, { k: 2, features: Uint32Array.of(4, 4) }, nothing),
      ];
      for (const call of refused) expectEqual([(await codeOf(call())) === 'bad-input' ? 1 : 0], [1]);
      const none = { ...session, opened: { current: undefined } };
      expectEqual(
        [(await codeOf(readDirections(none as unknown as Session, 8))) === 'bad-input' ? 1 : 0],
        [1],
      );
    }),
  'stop between two pieces': (gpu) =>
    withPlain(gpu, async (session) => {
      let turns = 0;
      const stopped = {
        ...session,
        turn: async <Result>(piece: () => Promise<Result>) => {
          turns += 1;
          if (turns > 1) throw new FacetError('cancelled', 'Cancelled.');
          return piece();
        },
      };
      expectEqual([(await codeOf(readNeighbours(stopped, { k: 3 }, nothing))) === 'cancelled' ? 1 : 0], [1]);
    }),
  'are not asked of a dictionary that is not the current one any more': (gpu) =>
    withPlain(gpu, async (session) => {
      const { opened } = session;
      const changed = {
        opened: { gpu, current: opened.current } as { gpu: Gpu; current: unknown },
        turn: async <Result>(piece: () => Promise<Result>) => {
          const result = await piece();
          changed.opened.current = { dictionary: 'another' };
          return result;
        },
      };
      const code = await codeOf(readDirections(changed as unknown as Session, 8));
      expectEqual([Number(code === 'cancelled')], [1], `cancelled, not ${code}`);
    }),
  'of the bundled dictionary have the neighbours that a feature’s own card tells': async () => {
    const engine = await bundledEngine();
    const { features, k, indices, cosines } = await engine.search.neighbours({ k: 8 }, 61, nothing);
    for (const at of [0, 700, features.length - 1]) {
      const card = await engine.feature(features[at]!, 62);
      const told = card.neighbours.slice(0, k);
      expectClose(
        cosines.subarray(at * k, (at + 1) * k),
        told.map(({ cosine }) => cosine),
        { absolute: 2e-6 },
      );
      expectEqual([features[indices[at * k]!]!], [told[0]!.index], `the nearest of ${features[at]}`);
    }
    const { data, dimensions } = await engine.search.directions(64, 63);
    expectEqual([dimensions, data.length / dimensions], [64, 2048]);
  },
});
