import { create } from 'zustand';
import type { Neighbours, OpenedModel } from '../engine/protocol.ts';
import { keepMap, type KeptMap, keptMap, makeLayout } from '../map/client.ts';
import { FacetError } from '../shared/errors.ts';
import { runningEngine } from './engine.ts';
import type { PageState } from './page-state.ts';
import { Slots } from './slots.ts';
import { usePage } from './store.ts';

/** True neighbours that UMAP is given of each feature; 15 is its usual number, the feature itself included. */
export const MAP_NEIGHBOURS = 14;
/** Features a map can hold; of larger dictionaries it shows a random sample, the same each time. */
export const MOST_MAPPED = 32_768;
const SEED = 1;
/** Of the directions the layout begins with. */
const DIMENSIONS = 48;

/** A map as far as it is made. n features of the dictionary's d_sae. */
export interface FeatureMap extends Omit<KeptMap, 'kept'> {
  /** Share of true neighbours that are neighbours on the map; absent while it is being made. */
  kept?: number;
}

export interface MapWork {
  what: 'neighbours' | 'layout';
  done: number;
  total: number;
}

/** Features to be told from the others, and where they are from, e.g. `the search`. */
export interface Highlighted {
  source: string;
  features: readonly number[];
}

interface FeatureMapState {
  /** What the map is of; see `mapName`. */
  name?: string;
  map?: FeatureMap;
  running?: MapWork;
  /** The visitor stopped it: it does not begin again by itself. */
  stopped: boolean;
  problem?: FacetError;
  highlighted?: Highlighted;
}

interface FeatureMapActions {
  /** Makes the map of every dictionary that is opened, or takes it from where it was kept. @returns ends it */
  follow: () => () => void;
  make: () => Promise<void>;
  stop: () => void;
  /** Shows some features on the map, in place of the pinned ones. */
  highlight: (highlighted: Highlighted | undefined) => void;
}

/** Everything a layout depends on. */
export const mapName = ({ digest, dSae }: { digest: string; dSae: number }, storage = 'file'): string =>
  [digest, dSae, storage, MAP_NEIGHBOURS, MOST_MAPPED, DIMENSIONS, SEED].join('/');

/** Which features are mapped: all, or `most` of them at random, in rising order. @param random uniform in [0, 1) */
export function mappedFeatures(
  dSae: number,
  most: number,
  random: () => number,
): Uint32Array<ArrayBuffer> | undefined {
  if (dSae <= most) return undefined;
  const chosen = new Uint32Array(most);
  // Selection sampling: each of those left has the same chance of the places left (Knuth 3.4.2, S).
  let taken = 0;
  for (let feature = 0; taken < most; feature++)
    if (random() * (dSae - feature) < most - taken) chosen[taken++] = feature;
  return chosen;
}

/** Fixed: a dictionary has one sample. */
function sampleNumbers(): () => number {
  let state = SEED;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

/** Features in two dimensions by what they write. */
export const useFeatureMap = create<FeatureMapState & FeatureMapActions>()((set, get) => {
  const slots = new Slots<'map'>();
  const nothing = { map: undefined, running: undefined, stopped: false, problem: undefined };

  const currentName = ({ phase, opened, view }: PageState): string | undefined =>
    phase === 'ready' && opened?.dictionary ? mapName(opened.dictionary, view.storage) : undefined;

  /** Whatever is shown, what is here goes with its dictionary. */
  function leave(state: PageState): void {
    const { name } = get();
    if (name === undefined || name === currentName(state)) return;
    slots.abort('map');
    set({ ...nothing, name: undefined, highlighted: undefined });
  }
  usePage.subscribe(leave);

  function look(state: PageState): void {
    leave(state);
    const name = currentName(state);
    if (name === undefined || name === get().name) return;
    set({ name });
    void make();
  }

  async function make(): Promise<void> {
    const { name } = get();
    const { opened } = usePage.getState();
    if (name === undefined || !opened || get().running) return;
    const signal = slots.newest('map');
    set({ ...nothing, running: { what: 'neighbours', done: 0, total: 0 } });
    try {
      const before = await keptMap(name);
      const map = before ?? (await makeMap(opened, signal));
      if (signal.aborted) return;
      set({ map, running: undefined });
      if (!before) await keepMap(name, map);
    } catch (thrown) {
      if (signal.aborted) return;
      const problem = FacetError.from(thrown);
      // A lost device comes back, and the map is asked for anew.
      const passing = problem.code === 'device-lost' || problem.code === 'cancelled';
      set({ ...nothing, ...(passing ? { name: undefined } : { problem }) });
    }
  }

  async function makeMap(opened: OpenedModel, signal: AbortSignal): Promise<KeptMap> {
    const engine = runningEngine();
    if (!engine || !opened.dictionary) throw new FacetError('cancelled', 'Cancelled.');
    const work = (what: MapWork['what'], done: number, total: number): void => {
      if (!signal.aborted) set({ running: { what, done, total } });
    };
    const sample = mappedFeatures(opened.dictionary.dSae, MOST_MAPPED, sampleNumbers());
    const neighbours = await engine.search.neighbours(
      { k: MAP_NEIGHBOURS, features: sample },
      { signal, onProgress: ({ done, total }) => work('neighbours', done, total) },
    );
    const all = await engine.search.directions(DIMENSIONS, { signal });
    const { digest } = opened.dictionary;
    if ([neighbours, all].some(({ dictionaryDigest }) => dictionaryDigest !== digest))
      throw new FacetError('cancelled', 'Another dictionary was chosen meanwhile.');
    const directions = rowsOf(all.data, all.dimensions, neighbours);
    work('layout', 0, 0);
    const { features, k, indices, cosines } = neighbours;
    const request = { k, indices, cosines, dimensions: all.dimensions, directions, seed: SEED };
    const layout = await makeLayout(request, {
      signal,
      onPartial: (positions, done, total) => {
        if (signal.aborted) return;
        set({ map: { features, k, indices, cosines, positions } });
        work('layout', done, total);
      },
    });
    return { features, k, indices, cosines, ...layout };
  }

  return {
    stopped: false,
    follow() {
      look(usePage.getState());
      return usePage.subscribe(look);
    },
    make,
    stop() {
      slots.abort('map');
      set({ ...nothing, stopped: true });
    },
    highlight(highlighted) {
      set({ highlighted });
    },
  };
});

/** Shows some features on the map: what lists and searches of features offer. */
export function showOnMap(source: string, features: readonly number[]): void {
  const { goTo } = usePage.getState();
  goTo('features', { feature: null, tab: 'map', colour: 'found' });
  useFeatureMap.getState().highlight({ source, features });
}

function rowsOf(data: Float32Array, d: number, { features }: Neighbours): Float32Array<ArrayBuffer> {
  const rows = new Float32Array(features.length * d);
  features.forEach((feature, place) => rows.set(data.subarray(feature * d, (feature + 1) * d), place * d));
  return rows;
}
