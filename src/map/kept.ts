import { createStore, delMany, get, keys, set, type UseStore } from 'idb-keyval';
import * as v from 'valibot';

/** Bump when a layout is made differently: what was kept by an older version is made anew. */
const VERSION = 1;
/** Maps kept on a device; the oldest go. */
const MOST = 12;

/** A map as it is kept: everything the page shows, so that a second visit asks the GPU nothing. n features, k neighbours. */
export interface KeptMap {
  /** [n] numbers of the features. */
  features: Uint32Array<ArrayBuffer>;
  /** [n · 2] */
  positions: Float32Array<ArrayBuffer>;
  /** See `FeatureLayout`. */
  kept: number;
  k: number;
  /** [n · k] places in `features` of the true nearest, and cosines. */
  indices: Uint32Array<ArrayBuffer>;
  cosines: Float32Array<ArrayBuffer>;
}

const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const schema = v.pipe(
  v.object({
    made: v.number(),
    features: v.instance(Uint32Array),
    positions: v.pipe(
      v.instance(Float32Array),
      v.check((all) => all.every(Number.isFinite)),
    ),
    kept: v.number(),
    k: whole,
    indices: v.instance(Uint32Array),
    cosines: v.instance(Float32Array),
  }),
  v.check(({ features: { length: n }, positions, k, indices, cosines }) => {
    const sizes = positions.length === 2 * n && indices.length === k * n && cosines.length === k * n;
    return sizes && indices.every((place) => place < n);
  }),
);

let store: UseStore | undefined;
const ours = (): UseStore => (store ??= createStore('facet-maps', 'maps'));

const keyOf = (name: string): string => `${VERSION}/${name}`;

/** What is kept under a name; undefined where nothing is, where it is damaged, and where the browser keeps nothing. */
export async function keptMap(name: string): Promise<KeptMap | undefined> {
  try {
    const found = v.safeParse(schema, await get(keyOf(name), ours()));
    return found.success ? found.output : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a map; silently not, where the browser has no room or keeps nothing in private windows. */
export async function keepMap(name: string, map: KeptMap, now = Date.now()): Promise<void> {
  try {
    await set(keyOf(name), { ...map, made: now }, ours());
    const all = (await keys<string>(ours())).filter((key) => key !== keyOf(name));
    const dated = await Promise.all(
      all.map(async (key) => ({ key, made: (await get<{ made?: number }>(key, ours()))?.made ?? 0 })),
    );
    const current = dated.filter(({ key }) => key.startsWith(`${VERSION}/`)).sort((a, b) => b.made - a.made);
    const kept = new Set(current.slice(0, MOST - 1).map(({ key }) => key));
    await delMany(
      all.filter((key) => !kept.has(key)),
      ours(),
    );
  } catch {
    // It is made again next time.
  }
}
