import { beforeEach, expect, test } from 'vitest';
import { create } from 'zustand';
import type { CorpusReference, ScanExamplesRequest, ScanStatistics } from '../engine/protocol.ts';
import { FacetError } from '../shared/errors.ts';
import { type FeaturePageState, featurePageWork } from './feature-page.ts';
import type { PageState } from './page-state.ts';
import { defaultView } from './view-state.ts';

interface Call {
  what: 'examples' | 'partners' | 'about';
  request: ScanExamplesRequest;
  signal: AbortSignal;
  answer: (value: unknown) => void;
  fail: (error: FacetError) => void;
}
let calls: Call[] = [];
const corpus: CorpusReference = { kind: 'storyworld', seed: 1, items: 300 };
const statistics = (items: number, id = 'scan'): ScanStatistics =>
  ({ id, items, corpus: { id: 'storyworld-1-300', items: 300 }, dictionaryDigest: 'd' }) as ScanStatistics;

const page = create<PageState>()(() => ({}) as PageState);
const scans = create<{ corpus?: CorpusReference }>()(() => ({ corpus }));
const store = create<FeaturePageState>()(() => ({}) as FeaturePageState);
const nothing = { of: '', running: false };
let end = (): void => {};

function work(): ReturnType<typeof featurePageWork> {
  const called =
    (what: Call['what']) =>
    (request: ScanExamplesRequest, { signal }: { signal: AbortSignal }): Promise<never> =>
      new Promise((answer, fail) =>
        calls.push({ what, request, signal, answer: answer as Call['answer'], fail }),
      );
  const scan = { examples: called('examples'), partners: called('partners'), about: called('about') };
  return featurePageWork(store.setState, store.getState, { page, scans, scan: () => scan });
}

const settle = (): Promise<void> => new Promise((done) => setTimeout(done));
const answerAll = async (value: unknown): Promise<void> => {
  for (const call of calls.splice(0)) call.answer(value);
  await settle();
};
const open = (feature: number | null): void =>
  page.setState({ view: { ...defaultView, view: 'features', feature } });

beforeEach(() => {
  end();
  calls = [];
  scans.setState({ corpus }, true);
  store.setState({
    asked: '',
    examples: nothing,
    partners: nothing,
    about: nothing,
    more: false,
    whole: false,
    breaks: false,
  });
  page.setState(
    {
      phase: 'ready',
      opened: { dictionary: { digest: 'd', dSae: 100 }, adapter: { software: false } },
      statistics: statistics(300),
      view: { ...defaultView, view: 'features', feature: 7 },
    } as never,
    true,
  );
  end = work().follow();
});

test('examples come first, then partners, what it is about and near misses; all of one feature', async () => {
  expect(calls.map(({ what }) => what)).toEqual(['examples']);
  expect(calls[0]!.request).toMatchObject({ corpus, feature: 7, top: 20 });
  expect(calls[0]!.request.nearMisses).toBeUndefined();
  await answerAll('first');
  expect(store.getState().examples).toEqual({ value: 'first', of: 'scan/7/300', running: true });
  expect(calls.map(({ what }) => what).toSorted()).toEqual(['about', 'examples', 'partners']);
  expect(calls.find(({ what }) => what === 'examples')!.request.nearMisses).toBeGreaterThan(0);
  await answerAll('second');
  const { examples, partners, about, asked } = store.getState();
  for (const found of [examples, partners, about])
    expect(found).toEqual({ value: 'second', of: asked, running: false });
});

test('the newest feature wins; nothing of the one before is left standing', async () => {
  await answerAll('of 7');
  open(8);
  expect(store.getState().examples).toEqual({ of: '', running: true });
  const late = calls.filter(({ request }) => request.feature === 7);
  expect(late.every(({ signal }) => signal.aborted)).toBe(true);
  for (const call of late) call.answer('too late');
  await settle();
  expect(store.getState().partners.value).toBeUndefined();
  calls = calls.filter(({ request }) => request.feature === 8);
  await answerAll('of 8');
  expect(store.getState().examples).toMatchObject({ value: 'of 8', of: 'scan/8/300' });
});

test('while more is read what is there stays and is known to be stale; it is asked for once the reading rests', async () => {
  await answerAll('300');
  await answerAll('300');
  page.setState({ sampling: { done: 400 } as never, statistics: statistics(400) });
  page.setState({ statistics: statistics(500) });
  expect(calls).toEqual([]);
  expect(store.getState().asked).toBe('scan/7/500');
  expect(store.getState().examples).toMatchObject({ value: '300', of: 'scan/7/300', running: false });
  page.setState({ sampling: undefined });
  expect(calls.map(({ what }) => what)).toEqual(['examples']);
  expect(store.getState().examples).toMatchObject({ value: '300', running: true });
  // In one piece: near misses that are shown do not go for a while.
  expect(calls[0]!.request.nearMisses).toBeGreaterThan(0);
  await answerAll('500');
  expect(store.getState().examples).toMatchObject({ value: '500', of: 'scan/7/500', running: false });
  expect(calls.map(({ what }) => what).toSorted()).toEqual(['about', 'partners']);
});

test('a failure is shown, and goes when it is asked again; a lost device asks by itself', async () => {
  calls.splice(0)[0]!.fail(new FacetError('bad-input', 'no'));
  await settle();
  expect(store.getState().examples).toMatchObject({ running: false, failure: { code: 'bad-input' } });
  expect(calls).toEqual([]);
  end();
  const again = work();
  end = again.follow();
  expect(store.getState().examples.failure).toBeUndefined();
  calls.splice(0)[0]!.fail(new FacetError('device-lost', 'gone'));
  await settle();
  expect(store.getState().examples.failure).toBeUndefined();
  expect(store.getState().examples.running).toBe(false);
  page.setState({ phase: 'loading' });
  page.setState({ phase: 'ready' });
  expect(calls.map(({ what }) => what)).toEqual(['examples']);
});

test('nothing is asked without texts, without what was read, nor under another dictionary', () => {
  calls = [];
  scans.setState({ corpus: undefined });
  expect(store.getState()).toMatchObject({ asked: '', examples: nothing });
  page.setState({ statistics: undefined });
  scans.setState({ corpus });
  page.setState({ statistics: { ...statistics(300), dictionaryDigest: 'other' } });
  open(null);
  open(100);
  page.setState({ statistics: statistics(300) });
  expect(calls).toEqual([]);
  open(99);
  expect(calls).toHaveLength(1);
});

test('leaving the page stops the work, and a slow adapter begins with fewer examples', async () => {
  const [call] = calls;
  end();
  expect(call!.signal.aborted).toBe(true);
  expect(store.getState().examples.running).toBe(false);
  calls = [];
  page.setState({ opened: { dictionary: { digest: 'd', dSae: 100 }, adapter: { software: true } } as never });
  const slow = work();
  end = slow.follow();
  expect(calls[0]!.request.top).toBeLessThan(20);
  await answerAll('few');
  calls = [];
  slow.showMore();
  expect(calls[0]!.request.top).toBe(20);
});
