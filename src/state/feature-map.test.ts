import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Directions, Neighbours, NeighboursRequest, OpenedModel } from '../engine/protocol.ts';
import type { FeatureLayout, LayoutOptions, LayoutRequest } from '../map/client.ts';
import { FacetError } from '../shared/errors.ts';
import { MAP_NEIGHBOURS, mapName, mappedFeatures, showOnMap, useFeatureMap } from './feature-map.ts';
import { usePage } from './store.ts';
import { defaultView } from './view-state.ts';

const asked: NeighboursRequest[] = [];
const layouts: {
  request: LayoutRequest;
  options: LayoutOptions;
  answer: (layout: FeatureLayout) => void;
  fail: (thrown: unknown) => void;
}[] = [];
const kept = new Map<string, unknown>();
/** What the engine says the answers are of. */
let answering = 'd1';

vi.mock('./engine.ts', () => ({
  onEngineTrouble: () => {},
  runningEngine: () => ({
    search: {
      neighbours: (request: NeighboursRequest): Promise<Neighbours> => {
        asked.push(request);
        const features = Uint32Array.of(0, 2, 3);
        const indices = Uint32Array.of(1, 0, 1);
        const cosines = Float32Array.of(0.5, 0.5, 0.2);
        return Promise.resolve({ dictionaryDigest: answering, features, k: 1, indices, cosines });
      },
      directions: (): Promise<Directions> => {
        const data = Float32Array.of(0, 1, 10, 11, 20, 21, 30, 31);
        return Promise.resolve({
          dictionaryDigest: answering,
          features: 4,
          dimensions: 2,
          data,
          projected: true,
        });
      },
    },
  }),
}));
vi.mock('../map/client.ts', () => ({
  keptMap: (name: string) => Promise.resolve(kept.get(name)),
  keepMap: (name: string, map: unknown) => Promise.resolve(void kept.set(name, map)),
  makeLayout: (request: LayoutRequest, options: LayoutOptions) =>
    new Promise<FeatureLayout>((answer, fail) => layouts.push({ request, options, answer, fail })),
}));
vi.stubGlobal('document', { addEventListener: () => {} });
vi.stubGlobal('location', { hash: '' });

const opened = (digest: string, dSae = 4): OpenedModel =>
  ({ dictionary: { digest, dSae }, model: { id: '', digest: 'm' } }) as unknown as OpenedModel;
const settle = (): Promise<void> => new Promise((done) => setTimeout(done));
const state = () => useFeatureMap.getState();
const layout: FeatureLayout = { positions: Float32Array.of(1, 2, 3, 4, 5, 6), kept: 0.5 };

beforeEach(() => {
  usePage.setState({ phase: 'loading', opened: undefined, view: defaultView });
  asked.length = 0;
  layouts.length = 0;
  kept.clear();
  answering = 'd1';
  usePage.setState({ phase: 'ready', opened: opened('d1') });
});

test('a map is made of the true neighbours and the directions of the same features, and kept', async () => {
  const end = state().follow();
  await settle();
  expect(asked).toEqual([{ k: MAP_NEIGHBOURS, features: undefined }]);
  // Feature 1 is not among those that have a direction.
  expect([...layouts[0]!.request.directions]).toEqual([0, 1, 20, 21, 30, 31]);
  layouts[0]!.options.onPartial!(Float32Array.of(0, 0, 0, 0, 0, 0), 3, 10);
  expect(state().running).toEqual({ what: 'layout', done: 3, total: 10 });
  expect(state().map?.kept).toBeUndefined();
  layouts[0]!.answer(layout);
  await settle();
  expect(state().running).toBeUndefined();
  expect(state().map).toMatchObject({ ...layout, features: Uint32Array.of(0, 2, 3), k: 1 });
  expect([...kept.keys()]).toEqual([mapName({ digest: 'd1', dSae: 4 })]);
  end();
});

test('a kept map asks the engine nothing; another storage of the weights is another map', async () => {
  const map = { ...layout, features: Uint32Array.of(0, 2, 3) };
  kept.set(mapName({ digest: 'd1', dSae: 4 }), map);
  const end = state().follow();
  await settle();
  expect(state().map).toBe(map);
  expect(asked).toHaveLength(0);
  usePage.setState({ view: { ...defaultView, storage: 'f16' } });
  await settle();
  expect(asked).toHaveLength(1);
  end();
});

test('stopping ends the layout, and it does not begin again by itself', async () => {
  const end = state().follow();
  await settle();
  const { signal } = layouts[0]!.options;
  state().stop();
  expect(signal!.aborted).toBe(true);
  layouts[0]!.answer(layout);
  await settle();
  expect(state()).toMatchObject({ stopped: true, map: undefined, running: undefined });
  end();
  const again = state().follow();
  await settle();
  expect(layouts).toHaveLength(1);
  await Promise.all([state().make(), settle()].slice(1));
  expect(layouts).toHaveLength(2);
  again();
});

test('another dictionary ends the layout of the one before, looked at or not', async () => {
  const end = state().follow();
  await settle();
  end();
  usePage.setState({ opened: opened('d2') });
  expect(layouts[0]!.options.signal!.aborted).toBe(true);
  expect(state()).toMatchObject({ name: undefined, map: undefined });
});

test('answers about another dictionary are not put together', async () => {
  answering = 'd2';
  const end = state().follow();
  await settle();
  expect(layouts).toHaveLength(0);
  expect(state()).toMatchObject({ map: undefined, running: undefined });
  end();
});

test('what goes wrong is said, and nothing half done stays', async () => {
  const end = state().follow();
  await settle();
  layouts[0]!.fail(new FacetError('bug', 'odd'));
  await settle();
  expect(state().problem?.message).toBe('odd');
  expect(state().running).toBeUndefined();
  end();
});

test('features shown on the map stay highlighted when it is opened for it', async () => {
  showOnMap('the search', [3, 1]);
  expect(usePage.getState().view).toMatchObject({
    view: 'features',
    tab: 'map',
    colour: 'found',
    feature: null,
  });
  const end = state().follow();
  await settle();
  expect(state().highlighted).toEqual({ source: 'the search', features: [3, 1] });
  usePage.setState({ opened: opened('d3') });
  expect(state().highlighted).toBeUndefined();
  end();
});

describe('the features of a map', () => {
  test('are all, up to its size', () => {
    expect(mappedFeatures(10, 10, () => 0.5)).toBeUndefined();
  });

  test('are a random sample of larger dictionaries: in order, each once, evenly spread', () => {
    let seed = 1;
    const random = () => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return seed / 4_294_967_296;
    };
    const sample = mappedFeatures(10_000, 1_000, random)!;
    expect(sample).toHaveLength(1_000);
    expect(sample.every((feature, i) => feature < 10_000 && (i === 0 || feature > sample[i - 1]!))).toBe(
      true,
    );
    const mean = sample.reduce((sum, feature) => sum + feature, 0) / 1_000;
    expect(Math.abs(mean - 5_000)).toBeLessThan(300);
  });
});
