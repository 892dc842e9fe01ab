import { beforeEach, expect, test, vi } from 'vitest';
import type { AttributionRequest, OpenedModel, ScanExample, ScanStatistics } from '../engine/protocol.ts';
import { FacetError } from '../shared/errors.ts';
import { gatherFeature } from './feature-file.ts';
import { useScans } from './scans.ts';
import { usePage } from './store.ts';

const notFound = () => Promise.reject(new FacetError('not-found', 'Nothing was read.'));
const example = (text: string): ScanExample => ({
  item: 1,
  metadata: [],
  tokens: ['a', ' b', ' c'],
  first: 0,
  text,
  values: Float32Array.of(0, 2, 0),
  at: 1,
  value: 2,
});
const examples = [example('a b c'), example('read in another way')];
const asked: AttributionRequest[] = [];
const engine = {
  feature: (index: number) => Promise.resolve({ index, decoderNorm: 1 }),
  scan: {
    load: (): Promise<Partial<ScanStatistics> | undefined> =>
      Promise.resolve({
        bins: 2,
        corpus: { id: 'c', name: 'Mine', items: 4, metadata: [] },
        items: 2,
        tokens: 50,
        count: Uint32Array.of(0, 4),
        sum: Float64Array.of(0, 6),
        max: Float32Array.of(0, 2),
        edges: Float32Array.of(0.5, 1, 2),
        histogram: Uint32Array.of(0, 0, 3, 1),
      }),
    examples: (): Promise<unknown> => Promise.resolve({ feature: 1, groups: [{ kind: 'top', examples }] }),
    partners: notFound,
    about: notFound,
  },
  heads: {
    attribute: (request: AttributionRequest) => {
      asked.push(request);
      const rows = request.text === 'a b c' ? 4 : 9;
      return Promise.resolve({ heads: { bySource: Float32Array.from({ length: rows }, (_, i) => i) } });
    },
  },
};
vi.mock('./engine.ts', () => ({
  onEngineTrouble: () => {},
  runningEngine: () => engine,
  theEngine: () => engine,
}));

function open(hook: string): void {
  usePage.setState({
    phase: 'ready',
    link: () => Promise.resolve('https://facet.test/#/features?f=1'),
    opened: {
      model: { id: 'm', title: 'M', digest: 'aa' },
      dictionaries: [{ id: 'd', title: 'D', hook, bytes: 1 }],
      dictionary: { id: 'd', title: 'D', digest: 'bb', hook, dSae: 2, prefix: 1 },
    } as unknown as OpenedModel,
  });
  // As the view's texts are found once a model is open.
  useScans.setState({ corpus: { kind: 'storyworld', seed: 1, items: 4 } });
}

beforeEach(() => {
  asked.length = 0;
});

test('what is known is collected, what is not is left out', async () => {
  open('blocks.2.hook_resid_pre');
  const record = await gatherFeature(1);
  expect(record).toMatchObject({
    feature: 1,
    model: { id: 'm', digest: 'aa' },
    card: { index: 1 },
    statistics: {
      corpus: 'Mine',
      items: 2,
      totalItems: 4,
      tokens: 50,
      count: 4,
      mean: 1.5,
      max: 2,
      histogram: [3, 1],
    },
    label: '',
    link: 'https://facet.test/#/features?f=1',
  });
  expect(record.partners).toBeUndefined();
  expect(record.about).toBeUndefined();
  // Not on heads.
  expect(asked).toEqual([]);
  expect(record.attributions?.size).toBe(0);
});

test('on heads, examples are split by source where their text is read as the scan read it', async () => {
  open('blocks.2.attn.hook_z');
  const { attributions } = await gatherFeature(1);
  expect(asked.map(({ row, feature }) => [row, feature])).toEqual([
    [2, 1],
    [2, 1],
  ]);
  expect([...attributions!.keys()]).toEqual([examples[0]]);
  expect(attributions!.get(examples[0]!)).toEqual({ values: Float32Array.of(1, 2, 3), target: 1 });
});

test('what went wrong is not taken for what is not known', async () => {
  open('blocks.2.hook_resid_pre');
  const { load } = engine.scan;
  engine.scan.load = () => Promise.reject(new FacetError('out-of-memory', 'No room.'));
  await expect(gatherFeature(1)).rejects.toThrow('No room.');
  engine.scan.load = notFound;
  expect((await gatherFeature(1)).statistics).toBeUndefined();
  engine.scan.load = load;
  usePage.setState({ opened: undefined });
  await expect(gatherFeature(1)).rejects.toThrow('No dictionary is open.');
});
