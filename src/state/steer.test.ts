import { beforeEach, expect, test, vi } from 'vitest';
import type { Analysis, CompareRequest, Comparison, OpenedModel, RowComparison } from '../engine/protocol.ts';
import { FacetError } from '../shared/errors.ts';
import type { RecipeStep } from './recipe.ts';
import { questionOf, useSteer } from './steer.ts';
import { usePage } from './store.ts';
import { defaultView } from './view-state.ts';

interface Call {
  request: CompareRequest;
  signal: AbortSignal;
  answer: (found: Comparison) => void;
  fail: (thrown: unknown) => void;
}
const calls: Call[] = [];
/** Questions about the row alone, which a slider asks first. */
const rowCalls: CompareRequest[] = [];
/** What their answers wait for. */
let rowsHeld: Promise<void> | undefined;
vi.mock('./engine.ts', () => ({
  onEngineTrouble: () => {},
  runningEngine: () => ({
    steer: {
      compare: (request: CompareRequest, { signal }: { signal: AbortSignal }) =>
        new Promise<Comparison>((answer, fail) => calls.push({ request, signal, answer, fail })),
      compareRow: async (request: CompareRequest) => {
        rowCalls.push(request);
        await rowsHeld;
        return { row: 2, kl: rowCalls.length, steered: {} } as RowComparison;
      },
    },
  }),
}));
vi.stubGlobal('document', { addEventListener: () => {} });

const step = (strength: number, off?: true): RecipeStep => ({
  kind: 'add',
  dictionary: 'a',
  feature: 7,
  strength,
  unit: 2,
  scope: { kind: 'text' },
  ...(off && { off }),
});
const analysisOf = (modelDigest: string): Analysis =>
  ({
    modelDigest,
    dictionary: 'a',
    dictionaryDigest: 'd',
    prefix: 1,
    windowStart: 3,
    windowTokens: 9,
  }) as Analysis;
const analysis = analysisOf('m');
const opened = { model: { digest: 'm' }, dictionaries: [], dictionary: { id: 'a', digest: 'd' } };
const found = (row: number) => ({ row }) as Comparison;
const settle = (): Promise<void> => new Promise((done) => setTimeout(done));
/** As the page changes its view, without an address bar. */
const view = (part: Partial<typeof defaultView>): void =>
  usePage.setState(({ view: before }) => ({ view: { ...before, ...part } }));
const strengthOf = ({ interventions: [first] }: CompareRequest): unknown =>
  first?.kind === 'add' ? first.strength : first;
const strengths = (): unknown[] => calls.map(({ request }) => strengthOf(request));
const behind = (): boolean => useSteer.getState().result?.key !== useSteer.getState().wanted;

let end: (() => void) | undefined;
beforeEach(() => {
  end?.();
  end = undefined;
  calls.length = 0;
  rowCalls.length = 0;
  rowsHeld = undefined;
  useSteer.setState({ wanted: '', result: undefined, row: undefined, running: false, problem: undefined });
  usePage.setState({
    phase: 'ready',
    opened: opened as unknown as OpenedModel,
    analysis,
    analysing: false,
    view: { ...defaultView, text: 'one', dictionary: 'a', steer: [step(1)] },
  });
});
const follow = async (): Promise<void> => {
  end = useSteer.getState().follow();
  await settle();
};

test('a request holds the steps that are on, the row of the window, and what else the panels show', async () => {
  view({ steer: [step(1), step(5, true)], active: 5, frozen: false });
  await follow();
  expect(calls[0]!.request).toEqual({
    prompt: { kind: 'text', text: 'one' },
    windowStart: 3,
    interventions: [step(1)],
    row: 2,
    nextTokens: 24,
    movers: 12,
    frozen: false,
    features: 'a',
  });
});

test('nothing is asked without a step that is on, nor while the text is being read', async () => {
  const page = usePage.getState();
  expect(questionOf({ ...page, view: { ...page.view, steer: [] } })).toBeUndefined();
  expect(questionOf({ ...page, view: { ...page.view, steer: [step(1, true)] } })).toBeUndefined();
  expect(questionOf({ ...page, analysing: true })).toBeUndefined();
  expect(questionOf({ ...page, analysis: undefined })).toBeUndefined();
  usePage.setState({ analysing: true });
  await follow();
  expect(calls).toHaveLength(0);
  usePage.setState({ analysing: false });
  await settle();
  expect(calls).toHaveLength(1);
});

test('while a slider moves one question is under way and the newest waits; those between are never asked', async () => {
  await follow();
  for (const strength of [2, 3, 4]) view({ steer: [step(strength)] });
  await settle();
  expect(strengths()).toEqual([1]);
  calls[0]!.answer(found(1));
  await settle();
  // What came is shown, and known to be of an older recipe.
  expect(useSteer.getState().result).toMatchObject({ comparison: { row: 1 }, steer: [step(1)] });
  expect(behind()).toBe(true);
  expect(strengths()).toEqual([1, 4]);
  expect(useSteer.getState().running).toBe(true);
  calls[1]!.answer(found(4));
  await settle();
  expect(behind()).toBe(false);
  expect(useSteer.getState()).toMatchObject({ running: false, result: { comparison: { row: 4 } } });
  expect(calls).toHaveLength(2);
});

test('while a slider moves only what follows the row is asked; the rest once it rests', async () => {
  await follow();
  expect(rowCalls).toHaveLength(0);
  calls[0]!.answer(found(2));
  await settle();
  let release = (): void => {};
  rowsHeld = new Promise((done) => (release = done));
  for (const strength of [2, 3, 4]) view({ steer: [step(strength)] });
  await settle();
  release();
  await settle();
  expect(rowCalls.map(strengthOf)).toEqual([2, 4]);
  expect(strengths()).toEqual([1, 4]);
  // The row is of the newest recipe, and everything else known to be of an older.
  expect(useSteer.getState().row?.kl).toBe(2);
  expect(behind()).toBe(true);
  calls[1]!.answer(found(2));
  await settle();
  expect(useSteer.getState().row).toBeUndefined();
  expect(behind()).toBe(false);
  // Of another row nothing is known yet that a quick answer could be put into.
  view({ active: 5 });
  await settle();
  expect(rowCalls).toHaveLength(2);
  expect(calls).toHaveLength(3);
});

test('a slider that comes back to what is under way asks nothing more', async () => {
  await follow();
  view({ steer: [step(2)] });
  view({ steer: [step(1)] });
  calls[0]!.answer(found(1));
  await settle();
  expect(calls).toHaveLength(1);
  expect(behind()).toBe(false);
});

test('an answer about another text is not waited for, and never shown', async () => {
  await follow();
  view({ text: 'two' });
  await settle();
  expect(calls[0]!.signal.aborted).toBe(true);
  expect(calls).toHaveLength(2);
  calls[1]!.answer(found(2));
  await settle();
  calls[0]!.answer(found(1));
  await settle();
  expect(useSteer.getState().result?.comparison.row).toBe(2);
});

test('other weights, another row, frozen attention and another dictionary are other questions', async () => {
  const page = usePage.getState();
  const key = (part: object): string => questionOf({ ...page, ...part })!.key;
  const first = key({});
  for (const changed of [
    { analysis: analysisOf('n') },
    { analysis: { ...analysis, dictionaryDigest: 'e' } },
    { analysis: { ...analysis, prefix: 0 } },
    { view: { ...page.view, active: 5 } },
    { view: { ...page.view, frozen: !page.view.frozen } },
    { view: { ...page.view, chat: true } },
    { view: { ...page.view, storage: 'f16' } },
  ])
    expect(key(changed)).not.toBe(first);
  // What only draws is no question.
  expect(key({ view: { ...page.view, tint: 'loss', feature: 3, steer: [step(1), step(9, true)] } })).toBe(
    first,
  );
});

test('a failure stands alone, and is asked again', async () => {
  await follow();
  calls[0]!.answer(found(1));
  await settle();
  view({ steer: [step(2)] });
  await settle();
  calls[1]!.fail(new FacetError('bad-input', 'no such feature'));
  await settle();
  expect(useSteer.getState()).toMatchObject({ running: false, result: undefined });
  expect(useSteer.getState().problem?.message).toBe('no such feature');
  useSteer.getState().again();
  await settle();
  expect(calls).toHaveLength(3);
  expect(useSteer.getState().problem).toBeUndefined();
});

test('a failure of an older recipe gives way to the newest', async () => {
  await follow();
  view({ steer: [step(2)] });
  calls[0]!.fail(new FacetError('bad-input', 'too strong'));
  await settle();
  expect(useSteer.getState().problem).toBeUndefined();
  expect(strengths()).toEqual([1, 2]);
});

test('a lost device is asked again once the model is back', async () => {
  await follow();
  calls[0]!.fail(new FacetError('device-lost', 'lost'));
  await settle();
  expect(useSteer.getState()).toMatchObject({ problem: undefined, running: false });
  usePage.setState({ phase: 'loading' });
  usePage.setState({ phase: 'ready' });
  await settle();
  expect(calls).toHaveLength(2);
});

test('the last step taken away takes its numbers with it', async () => {
  await follow();
  calls[0]!.answer(found(1));
  await settle();
  view({ steer: [] });
  expect(useSteer.getState()).toMatchObject({ wanted: '', result: undefined, running: false });
});

test('an answer stays while the view is left; what was under way is asked again', async () => {
  await follow();
  calls[0]!.answer(found(1));
  await settle();
  end!();
  await follow();
  expect(calls).toHaveLength(1);
  view({ steer: [step(2)] });
  await settle();
  end!();
  expect(calls[1]!.signal.aborted).toBe(true);
  await follow();
  expect(strengths()).toEqual([1, 2, 2]);
});
