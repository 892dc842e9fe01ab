import { beforeEach, expect, test, vi } from 'vitest';
import type {
  Analysis,
  AttentionTimes,
  OpenedModel,
  PatternInfo,
  SparsifiedText,
  SparsifyRequest,
} from '../engine/protocol.ts';
import { covers, sparsifyRequest, useSparse, usualChoice } from './sparse.ts';
import { usePage } from './store.ts';
import { defaultView, type SparseChoice } from './view-state.ts';

interface Call {
  request: SparsifyRequest;
  signal: AbortSignal;
  answer: (result: SparsifiedText) => void;
  fail: (thrown: unknown) => void;
}
const calls: Call[] = [];
vi.mock('./engine.ts', () => ({
  onEngineTrouble: () => {},
  runningEngine: () => ({
    heads: {
      patterns: () => Promise.resolve([]),
      sparsify: (request: SparsifyRequest, { signal }: { signal: AbortSignal }) =>
        new Promise<SparsifiedText>((answer, fail) => calls.push({ request, signal, answer, fail })),
    },
  }),
}));
vi.stubGlobal('document', { addEventListener: () => {} });

const choice: SparseChoice = { layer: 1, heads: [3], pattern: 'sliding-window', budget: 0.5, parameters: {} };
const analysis = { modelDigest: 'm', dictionaryDigest: 'd' } as Analysis;
const answered = (ceSparse: number) => ({ ceSparse }) as SparsifiedText;
const settle = (): Promise<void> => new Promise((done) => setTimeout(done));
/** As the page changes its view, without an address bar. */
const view = (part: Partial<typeof defaultView>): void =>
  usePage.setState(({ view: before }) => ({ view: { ...before, ...part } }));

beforeEach(() => {
  calls.length = 0;
  useSparse.setState({ result: undefined, running: undefined, problem: undefined, stopped: false });
  usePage.setState({
    phase: 'ready',
    analysis,
    analysing: false,
    view: { ...defaultView, layer: 1, head: 3, sparse: [choice] },
  });
});

test('a request names what is switched on, and the mask of the head that is shown if it has one', () => {
  const base = { ...defaultView, layer: 1, head: 3, sparse: [choice] };
  expect(sparsifyRequest(base)).toEqual({
    text: base.text,
    windowStart: 0,
    blockSize: 16,
    assignments: [
      { layer: 1, heads: [3], choice: { pattern: 'sliding-window', parameters: {}, budget: 0.5 } },
    ],
    masks: [{ layer: 1, head: 3 }],
  });
  expect(sparsifyRequest({ ...base, head: 4 })!.masks).toEqual([]);
  expect(sparsifyRequest({ ...base, sparse: [{ ...choice, off: true }] })).toBeUndefined();
  expect(sparsifyRequest({ ...base, sparse: [] })).toBeUndefined();
});

test('who an entry is about', () => {
  const at = { layer: 1, head: 3 };
  expect(covers(choice, at)).toBe(true);
  expect(covers({ ...choice, heads: null }, at)).toBe(true);
  expect(covers({ ...choice, layer: null }, at)).toBe(true);
  expect(covers({ ...choice, layer: 2 }, at)).toBe(false);
  expect(covers({ ...choice, heads: [2] }, at)).toBe(false);
});

test('a new entry has a budget where its pattern has a size', () => {
  const who = { layer: null, heads: null };
  const pattern = { id: 'a', parameters: [] } as unknown as PatternInfo;
  expect(usualChoice(pattern, who)).toEqual({ ...who, pattern: 'a', parameters: {} });
  expect(usualChoice({ ...pattern, sizedBy: 'window' }, who).budget).toBe(0.5);
});

test('the newest question wins, and the same one is not asked twice', async () => {
  const end = useSparse.getState().follow();
  expect(calls).toHaveLength(1);
  view({ tint: 'none' });
  expect(calls).toHaveLength(1);
  view({ sparse: [{ ...choice, budget: 0.2 }] });
  expect(calls).toHaveLength(2);
  expect(calls[0]!.signal.aborted).toBe(true);
  calls[1]!.answer(answered(2));
  calls[0]!.answer(answered(1));
  await settle();
  expect(useSparse.getState().result).toEqual({ analysis, sparse: answered(2) });
  expect(useSparse.getState().running).toBeUndefined();
  end();
});

test('with everything switched off nothing is asked, and no figure stays', async () => {
  const end = useSparse.getState().follow();
  calls[0]!.answer(answered(1));
  await settle();
  view({ sparse: [{ ...choice, off: true }] });
  expect(calls).toHaveLength(1);
  expect(useSparse.getState().result).toBeUndefined();
  end();
});

test('a text that is being read again stops the work; it begins anew with its reading', () => {
  const end = useSparse.getState().follow();
  usePage.setState({ analysing: true });
  expect(calls[0]!.signal.aborted).toBe(true);
  usePage.setState({ analysing: false, analysis: { ...analysis } });
  expect(calls).toHaveLength(2);
  end();
  expect(calls[1]!.signal.aborted).toBe(true);
  view({ blockSize: 32 });
  expect(calls).toHaveLength(2);
});

test('a stop holds until something changes or it is asked for again', async () => {
  const end = useSparse.getState().follow();
  useSparse.getState().stop();
  expect(calls[0]!.signal.aborted).toBe(true);
  calls[0]!.fail(new Error('late'));
  await settle();
  expect(useSparse.getState()).toMatchObject({ stopped: true, problem: undefined, running: undefined });
  view({ tint: 'loss' });
  expect(calls).toHaveLength(1);
  useSparse.getState().again();
  expect(calls).toHaveLength(2);
  expect(useSparse.getState().stopped).toBe(false);
  end();
});

test('times of one model’s heads do not stand for another’s', () => {
  const model = (digest: string) => ({ opened: { model: { digest } } as OpenedModel });
  usePage.setState(model('m'));
  useSparse.setState({ times: { heads: 6 } as AttentionTimes });
  usePage.setState(model('m'));
  expect(useSparse.getState().times).toBeDefined();
  usePage.setState(model('other'));
  expect(useSparse.getState().times).toBeUndefined();
});

test('a failure takes the figures away and says why', async () => {
  const end = useSparse.getState().follow();
  calls[0]!.answer(answered(1));
  await settle();
  view({ blockSize: 8 });
  calls[1]!.fail(new Error('no such head'));
  await settle();
  expect(useSparse.getState().result).toBeUndefined();
  expect(useSparse.getState().problem?.message).toBe('no such head');
  end();
});
