import { beforeEach, expect, test, vi } from 'vitest';
import type { LabelRow, LabelTable, LabelTableRequest, OpenedModel, Progress } from '../engine/protocol.ts';
import { FacetError } from '../shared/errors.ts';
import { histogramOfF1, measurable, summarise, type ToldLabel, useLabelTable } from './label-table.ts';
import { usePage } from './store.ts';
import { defaultView } from './view-state.ts';

interface Call {
  request: LabelTableRequest;
  signal: AbortSignal;
  onProgress: (progress: Progress) => void;
  onPartial: (table: LabelTable) => void;
  answer: (table: LabelTable) => void;
  fail: (thrown: unknown) => void;
}
const calls: Call[] = [];
vi.mock('./engine.ts', () => ({
  onEngineTrouble: () => {},
  runningEngine: () => ({
    scan: {
      labelTable: (request: LabelTableRequest, options: Pick<Call, 'signal' | 'onProgress' | 'onPartial'>) =>
        new Promise<LabelTable>((answer, fail) => calls.push({ request, ...options, answer, fail })),
    },
  }),
}));
vi.stubGlobal('document', { addEventListener: () => {} });

const settle = (): Promise<void> => new Promise((done) => setTimeout(done));
const opened = (digest: string): OpenedModel =>
  ({ model: { digest }, dictionaries: [] }) as unknown as OpenedModel;
const row = (label: string, part: Partial<LabelRow>): LabelRow => ({
  label, feature: 1, threshold: 0, precision: 1, recall: 1, f1: 1, chosenF1: 1, tokens: 10, rate: 0.1, ...part,
}); // oxfmt-ignore
const table = (dictionary: string, measureItems: number, rows: LabelRow[] = []): LabelTable =>
  ({ dictionary, dictionaryDigest: `digest of ${dictionary}`, measureItems, rows }) as unknown as LabelTable;
const state = (): ReturnType<typeof useLabelTable.getState> => useLabelTable.getState();

beforeEach(() => {
  calls.length = 0;
  usePage.setState({ phase: 'ready', opened: opened('m'), view: defaultView });
  state().stop();
  state().setItems(300);
});

test('dictionaries follow each other, on two samples, and their tables are kept by digest', async () => {
  state().measure(['a', 'b']);
  await settle();
  expect(calls).toHaveLength(1);
  expect(calls[0]!.request).toEqual({
    dictionary: 'a',
    chooseItems: 300,
    chooseSeed: 41,
    measureItems: 300,
    measureSeed: 42,
    leastRate: 0.001,
  });
  expect(state()).toMatchObject({ running: { dictionary: 'a' }, waiting: ['b'] });
  calls[0]!.onPartial(table('a', 10));
  expect(state().tables['digest of a']).toEqual({ table: table('a', 10), complete: false });
  calls[0]!.answer(table('a', 300));
  await settle();
  expect(state().tables['digest of a']!.complete).toBe(true);
  expect(calls[1]!.request.dictionary).toBe('b');
  calls[1]!.answer(table('b', 300));
  await settle();
  expect(state()).toMatchObject({ running: undefined, waiting: [] });
  expect(Object.keys(state().tables)).toEqual(['digest of a', 'digest of b']);
});

test('asked for again while it runs, it runs once; a part does not take the place of the whole', async () => {
  state().measure(['a']);
  state().measure(['a', 'b']);
  await settle();
  expect(state().waiting).toEqual(['b']);
  calls[0]!.answer(table('a', 300));
  await settle();
  calls[1]!.answer(table('b', 300));
  await settle();
  state().measure(['a']);
  await settle();
  calls[2]!.onPartial(table('a', 20));
  expect(state().tables['digest of a']).toEqual({ table: table('a', 300), complete: true });
});

test('progress that comes after the answer, or after a failure, does not begin anything', async () => {
  const late = { phase: 'scan', what: 'items', done: 300, total: 300, unit: 'steps' } as const;
  state().measure(['a']);
  await settle();
  calls[0]!.onProgress(late);
  expect(state().running).toEqual({ dictionary: 'a', progress: late });
  calls[0]!.answer(table('a', 300));
  await settle();
  calls[0]!.onProgress(late);
  expect(state().running).toBeUndefined();
  state().measure(['b']);
  await settle();
  calls[1]!.fail(new FacetError('limits', 'too many'));
  await settle();
  calls[1]!.onProgress(late);
  expect(state().running).toBeUndefined();
});

test('a stop keeps what there is and ends what waits', async () => {
  state().measure(['a', 'b']);
  await settle();
  calls[0]!.onPartial(table('a', 10));
  state().stop();
  expect(calls[0]!.signal.aborted).toBe(true);
  calls[0]!.onPartial(table('a', 20));
  calls[0]!.fail(new Error('late'));
  await settle();
  expect(state()).toMatchObject({ running: undefined, waiting: [], problem: undefined });
  expect(state().tables['digest of a']!.table.measureItems).toBe(10);
  expect(calls).toHaveLength(1);
});

test('another model, and samples of another size, begin anew', async () => {
  state().measure(['a', 'b']);
  await settle();
  calls[0]!.onPartial(table('a', 10));
  usePage.setState({ opened: opened('other') });
  expect(calls[0]!.signal.aborted).toBe(true);
  expect(state()).toMatchObject({ tables: {}, running: undefined, waiting: [] });
  calls[0]!.answer(table('a', 300));
  await settle();
  expect(state().tables).toEqual({});
  state().measure(['a']);
  await settle();
  state().setItems(1_000);
  expect(calls[1]!.signal.aborted).toBe(true);
  state().measure(['a']);
  await settle();
  expect(calls[2]!.request).toMatchObject({ chooseItems: 1_000, measureItems: 1_000 });
});

test('a failure is said and ends what waits; a lost device is not one', async () => {
  state().measure(['a', 'b']);
  await settle();
  calls[0]!.fail(new FacetError('limits', 'too many'));
  await settle();
  expect(state()).toMatchObject({ running: undefined, waiting: [], problem: { code: 'limits' } });
  state().measure(['b']);
  expect(state().problem).toBeUndefined();
  await settle();
  calls[1]!.fail(new FacetError('device-lost', 'gone'));
  await settle();
  expect(state()).toMatchObject({ running: undefined, problem: undefined });
});

test('of each label the dictionary that was best where latents are chosen, not where they are measured', () => {
  const a = table('a', 300, [
    row('x', { chosenF1: 0.9, f1: 0.7, rate: 0.2 }),
    row('y', { chosenF1: 0.3, f1: 0.3, rate: 0.1 }),
    row('none', { chosenF1: 0, f1: 0, feature: -1, rate: 0.05 }),
  ]);
  const b = table('b', 300, [
    row('x', { chosenF1: 0.8, f1: 0.95, rate: 0.2 }),
    row('y', { chosenF1: 0.85, f1: 0.8, rate: 0.1 }),
    row('z', { chosenF1: 1, f1: 0.79, rate: 0.3 }),
  ]);
  const { rows, told } = summarise({ a: { table: a, complete: true }, b: { table: b, complete: true } });
  expect(rows.map(({ label, dictionary, f1 }) => [label, dictionary, f1])).toEqual([
    ['z', 'b', 0.79],
    ['x', 'a', 0.7],
    ['y', 'b', 0.8],
    ['none', 'a', 0],
  ]);
  expect(told).toBe(1);
  // Parts of a sample do not mix with whole ones.
  const part = { table: b, complete: false };
  expect(summarise({ a: { table: a, complete: true }, b: part }).from).toHaveLength(1);
  expect(summarise({ a: { table: table('a', 5), complete: false }, b: part }).from).toEqual([part]);
  expect(summarise({})).toEqual({ rows: [], told: 0, from: [] });
});

test('dictionaries of the model, the current one first, also where it is not of the catalogue', () => {
  const dictionaries = [{ id: 'a' }, { id: 'b' }];
  expect(measurable({ dictionary: { id: 'b' }, dictionaries } as OpenedModel)).toEqual(['b', 'a']);
  expect(measurable({ dictionary: { id: 'own' }, dictionaries } as OpenedModel)).toEqual(['own', 'a', 'b']);
  expect(measurable({ dictionaries } as OpenedModel)).toEqual(['a', 'b']);
});

test('tenths of F1', () => {
  const rows = [0, 0.05, 0.3, 0.8, 0.799, 1].map((f1) => ({ f1 }) as ToldLabel);
  expect(histogramOfF1(rows)).toEqual([2, 0, 0, 1, 0, 0, 0, 1, 1, 1]);
});
