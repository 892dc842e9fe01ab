import { beforeEach, expect, test, vi } from 'vitest';
import type {
  CorpusReference,
  OpenedModel,
  Progress,
  ScanRequest,
  ScanStatistics,
} from '../engine/protocol.ts';
import { FacetError } from '../shared/errors.ts';
import { storyworldOf, useScans } from './scans.ts';
import { usePage } from './store.ts';
import { defaultView } from './view-state.ts';

interface Run {
  request: ScanRequest;
  signal: AbortSignal;
  partial: (found: ScanStatistics) => void;
  progress: (progress: Progress) => void;
  answer: (found: ScanStatistics) => void;
  fail: (thrown: unknown) => void;
}
const runs: Run[] = [];
const loads: CorpusReference[] = [];
const removed: string[] = [];
let keptOf: (corpus: CorpusReference) => ScanStatistics | undefined = () => undefined;
let trouble: (trouble: FacetError) => void = () => {};
const opening = vi.fn<() => Promise<OpenedModel>>(() => Promise.resolve(openedWith('d')));
vi.mock('./engine.ts', () => {
  const scan = {
    run: (
      request: ScanRequest,
      {
        signal,
        onPartial,
        onProgress,
      }: { signal: AbortSignal; onPartial: Run['partial']; onProgress: Run['progress'] },
    ) =>
      new Promise<ScanStatistics>((answer, fail) => {
        signal.addEventListener('abort', () => fail(new FacetError('cancelled', 'Cancelled.')));
        runs.push({ request, signal, partial: onPartial, progress: onProgress, answer, fail });
      }),
    load: (corpus: CorpusReference) => {
      loads.push(corpus);
      return Promise.resolve(keptOf(corpus));
    },
    kept: () => Promise.resolve([{ id: 'left' }]),
    remove: (id: string) => {
      removed.push(id);
      return Promise.resolve();
    },
    examples: () => Promise.resolve({ feature: 7, groups: [] }),
  };
  const feature = () => Promise.resolve({ index: 7, neighbours: [] });
  const engine = { scan, feature, labels: () => Promise.resolve([]), open: () => opening() };
  return {
    onEngineTrouble: (told: typeof trouble) => (trouble = told),
    runningEngine: () => engine,
    theEngine: () => engine,
  };
});
const files = { manifest: { items: 5, digest: '0123456789abcdef' } };
vi.mock('./corpora.ts', () => ({
  useCorpora: {
    getState: () => ({
      openOwn: (digest: string) => Promise.resolve(digest === '0123456789abcdef' ? files : undefined),
    }),
  },
}));
vi.stubGlobal('document', { addEventListener: () => {} });
vi.stubGlobal('addEventListener', () => {});
vi.stubGlobal('location', { hash: '' });

const openedWith = (digest: string): OpenedModel =>
  ({
    model: { id: 'm', digest: 'model' },
    dictionaries: [],
    dictionary: { id: digest, digest },
    adapter: { software: true },
  }) as unknown as OpenedModel;
const found = (items: number, more: Partial<ScanStatistics> = {}): ScanStatistics =>
  ({ id: 'x', items, tokens: 10 * items, ...more }) as ScanStatistics;
const settle = (): Promise<void> => new Promise((done) => setTimeout(done));
const shown = (): number | undefined => usePage.getState().statistics?.items;
const show = (part: Partial<typeof defaultView>): void =>
  usePage.setState(({ view }) => ({ view: { ...view, ...part } }));
const { run, pause, remove, wantKept } = useScans.getState();

beforeEach(async () => {
  keptOf = () => undefined;
  usePage.setState({ phase: 'idle', opened: undefined, statistics: undefined, view: defaultView });
  // Another dictionary each time: figures stay at hand.
  usePage.setState({ phase: 'ready', opened: openedWith(String(Math.random())), notes: [] });
  await settle();
  runs.length = loads.length = removed.length = 0;
});

test('names of Storyworld corpora', () => {
  expect(storyworldOf('storyworld-7-300')).toEqual({ kind: 'storyworld', seed: 7, items: 300 });
  expect(storyworldOf('own-0123456789abcdef')).toBeUndefined();
});

test('what is kept of the texts a link names is shown, and nothing is read', async () => {
  keptOf = (corpus) => (corpus.kind === 'storyworld' && corpus.seed === 4 ? found(3) : undefined);
  show({ over: 'storyworld-4-20' });
  await settle();
  expect(loads).toEqual([{ kind: 'storyworld', seed: 4, items: 20 }]);
  expect(useScans.getState().corpus).toEqual(loads[0]);
  expect([shown(), runs.length]).toEqual([3, 0]);
  // Back, and there again: at hand.
  show({ over: '' });
  await settle();
  expect(shown()).toBeUndefined();
  show({ over: 'storyworld-4-20' });
  expect(shown()).toBe(3);
  await settle();
  expect(loads).toHaveLength(2);
});

test('own texts are opened, and missed where they are not here', async () => {
  show({ over: 'own-0123456789abcdef' });
  await settle();
  expect(useScans.getState()).toMatchObject({ corpus: { kind: 'own', files }, missing: false });
  show({ over: 'own-ffffffffffffffff' });
  await settle();
  expect(useScans.getState()).toMatchObject({ corpus: undefined, missing: true });
  await run();
  expect([runs.length, usePage.getState().sampling]).toEqual([0, undefined]);
});

test('partial figures are shown, then all of them', async () => {
  void run();
  await settle();
  const [{ request, partial, progress, answer }] = runs as [Run];
  expect(request).toEqual({ corpus: { kind: 'storyworld', seed: 1, items: 100 }, anew: false });
  partial(found(10));
  progress({ phase: 'scan', what: 'texts', done: 10, total: 100, unit: 'steps' });
  expect([shown(), usePage.getState().sampling?.done]).toEqual([10, 10]);
  answer(found(100, { note: 'Kept figures were old.' }));
  await settle();
  expect([shown(), usePage.getState().sampling]).toEqual([100, undefined]);
  expect(usePage.getState().notes).toEqual(['Kept figures were old.']);
});

test('asked twice at once it runs once more, not twice', async () => {
  void run();
  void run();
  await settle();
  expect(runs).toHaveLength(1);
});

test('a pause shows what the engine has by then, and a late partial result is not', async () => {
  void run();
  await settle();
  const [{ signal, partial }] = runs as [Run];
  partial(found(10));
  keptOf = () => found(17);
  pause();
  expect([signal.aborted, usePage.getState().sampling]).toEqual([true, undefined]);
  partial(found(12));
  await settle();
  expect(shown()).toBe(17);
  expect(useScans.getState().failure).toBeUndefined();
});

test('what was kept of texts that are left meanwhile is not shown for the next', async () => {
  void run();
  await settle();
  keptOf = ({ kind, ...corpus }) =>
    kind === 'storyworld' && 'seed' in corpus && corpus.seed === 1 ? found(17) : undefined;
  pause();
  show({ over: 'storyworld-2-50' });
  await settle();
  expect(shown()).toBeUndefined();
});

test('another dictionary or other texts stop it, and its figures are not theirs', async () => {
  void run();
  await settle();
  usePage.setState({ opened: openedWith('other') });
  const [{ signal, partial }] = runs as [Run];
  expect(signal.aborted).toBe(true);
  partial(found(10));
  await settle();
  expect(shown()).toBeUndefined();
  void run();
  await settle();
  show({ over: 'storyworld-2-50' });
  expect(runs[1]!.signal.aborted).toBe(true);
  runs[1]!.partial(found(40));
  await settle();
  expect(shown()).toBeUndefined();
});

test('a failure is said, and reading on forgets it', async () => {
  void run();
  await settle();
  runs[0]!.fail(new FacetError('bad-input', 'Its files are damaged.'));
  await settle();
  expect(useScans.getState().failure?.message).toBe('Its files are damaged.');
  expect(usePage.getState().sampling).toBeUndefined();
  void run();
  await settle();
  expect(useScans.getState().failure).toBeUndefined();
});

test('an opened feature has the usual texts read, but not others', async () => {
  usePage.getState().openFeature(7);
  await settle();
  expect(runs).toHaveLength(1);
  usePage.getState().openFeature(null);
  show({ over: 'storyworld-2-50', feature: null });
  await settle();
  usePage.getState().openFeature(7);
  await settle();
  expect(runs).toHaveLength(1);
});

test('a scan that a lost device ended goes on once the model is open again', async () => {
  void run();
  await settle();
  const before = usePage.getState().opened!;
  runs[0]!.partial(found(10));
  opening.mockResolvedValueOnce(before);
  await usePage.getState().start({ needsModel: () => true, predicts: () => true });
  void run();
  await settle();
  const lost = runs.at(-1)!;
  opening.mockResolvedValueOnce(before);
  trouble(new FacetError('device-lost', 'The GPU device was lost.'));
  lost.fail(new FacetError('device-lost', 'The GPU device was lost.'));
  await vi.waitFor(() => expect(runs.at(-1)).not.toBe(lost));
  expect(runs.at(-1)!.request).toEqual(lost.request);
  expect(useScans.getState().failure).toBeUndefined();
});

test('a removed scan is gone from the page', async () => {
  void run();
  await settle();
  runs[0]!.answer(found(100));
  await settle();
  await remove('another');
  expect(shown()).toBe(100);
  await remove('x');
  expect([shown(), removed]).toEqual([undefined, ['another', 'x']]);
  await wantKept();
  expect(useScans.getState().kept).toEqual([{ id: 'left' }]);
});
