import { beforeEach, expect, test, vi } from 'vitest';
import type { OpenedModel, ScanStatistics, TextSearchRequest } from '../engine/protocol.ts';
import { FacetError } from '../shared/errors.ts';
import { filterIndex, indexRows } from './feature-index.ts';
import { wordPlace, wordsOf } from './feature-words.ts';
import { useScans } from './scans.ts';
import { useSearch } from './search.ts';
import { missingForRank, textQuestion } from './search-question.ts';
import { usePage } from './store.ts';
import { defaultView, type ViewState } from './view-state.ts';

interface Call {
  what: string;
  request: { text?: string; token?: string; order?: string };
  signal?: AbortSignal;
  answer: (found: unknown) => void;
  fail: (thrown: unknown) => void;
}
const calls: Call[] = [];
const labelled: number[][] = [];
vi.mock('./engine.ts', () => {
  const called =
    (what: string) =>
    (request: Call['request'], options?: { signal?: AbortSignal }): Promise<unknown> =>
      new Promise((answer, fail) => calls.push({ what, request, signal: options?.signal, answer, fail }));
  // One token a character.
  const tokenize = ({ text }: { text: string }) =>
    Promise.resolve({ tokens: Array.from(text, (token) => ({ id: token.codePointAt(0), text: token })) });
  const search = { byText: called('byText'), byToken: called('byToken'), together: called('together') };
  const labels = (features: number[]) => {
    labelled.push(features);
    return Promise.resolve(features.map((index) => ({ index, promoted: [] })));
  };
  return { onEngineTrouble: () => {}, runningEngine: () => ({ search, tokenize, labels }) };
});
vi.stubGlobal('document', { addEventListener: () => {} });

const settle = (): Promise<void> => new Promise((done) => setTimeout(done));
const opened = (digest: string, dSae = 600): OpenedModel =>
  ({ model: { digest: 'm' }, dictionaries: [], dictionary: { digest, dSae, id: digest } }) as never;
const statistics = {
  id: 's',
  tokens: 100,
  items: 4,
  count: Uint32Array.of(50, 0, 1),
  sum: Float64Array.of(100, 0, 2),
  max: Float32Array.of(4, 0, 2),
  topTokens: [' Mary', '', 'b'],
} as unknown as ScanStatistics;

const show = (view: Partial<ViewState>): void =>
  usePage.setState({ view: { ...usePage.getState().view, ...view } });
const answer = { found: [], firing: 0, text: { tokens: [], counted: 1 } };

let end = (): void => {};
beforeEach(() => {
  end();
  calls.length = labelled.length = 0;
  // Another dictionary in between takes everything away.
  usePage.setState({ phase: 'ready', opened: opened('other'), statistics: undefined, labels: {} });
  usePage.setState({
    opened: opened('d'),
    view: { ...defaultView, view: 'features', tab: 'search', by: 'text' },
  });
  useScans.setState({ corpus: { kind: 'storyworld', seed: 1, items: 4 } });
  end = useSearch.getState().follow();
});

test('the newest text wins, what is here stays and is marked until then', async () => {
  show({ find: 'one' });
  expect(calls).toHaveLength(1);
  calls[0]!.answer(answer);
  await settle();
  const first = useSearch.getState().text;
  expect(first).toMatchObject({ running: false, value: answer });
  expect(first.of).toBe(first.key);
  show({ find: 'two' });
  show({ find: 'three' });
  expect(calls.map(({ request }) => request.text)).toEqual(['one', 'two', 'three']);
  expect(calls[1]!.signal!.aborted).toBe(true);
  const between = useSearch.getState().text;
  expect(between).toMatchObject({ running: true, value: answer });
  expect(between.of).not.toBe(between.key);
  calls[2]!.answer({ ...answer, firing: 3 });
  await settle();
  // The engine may be done before it hears that it was stopped.
  calls[1]!.answer({ ...answer, firing: 2 });
  await settle();
  expect(useSearch.getState().text).toMatchObject({ running: false, value: { firing: 3 } });
  show({ find: 'three', pins: [1] });
  expect(calls).toHaveLength(3);
});

test('a failure is shown, and can be tried again; a lost device is no failure', async () => {
  show({ find: 'one' });
  calls[0]!.fail(new FacetError('bad-input', 'no'));
  await settle();
  expect(useSearch.getState().text).toMatchObject({ running: false, failure: { code: 'bad-input' } });
  useSearch.getState().again('text');
  expect(calls).toHaveLength(2);
  calls[1]!.fail(new FacetError('device-lost', 'gone'));
  await settle();
  expect(useSearch.getState().text.failure).toBeUndefined();
  show({ pins: [2] });
  expect(calls).toHaveLength(3);
});

test('a stopped search leaves nothing that answers another question', async () => {
  show({ find: 'one' });
  calls[0]!.answer(answer);
  await settle();
  show({ find: 'two' });
  useSearch.getState().stop('text');
  expect(useSearch.getState().text).toMatchObject({ stopped: true, running: false, value: undefined });
  show({ pins: [3] });
  expect(calls).toHaveLength(2);
});

test('another dictionary is asked anew', async () => {
  show({ find: 'one' });
  calls[0]!.answer(answer);
  await settle();
  usePage.setState({ opened: opened('e') });
  expect(useSearch.getState().text.value).toBeUndefined();
  expect(calls).toHaveLength(2);
});

test('ranks that lack something say what, and are not asked', () => {
  show({ find: 'one', rank: 'contrast' });
  expect(missingForRank(usePage.getState())).toMatch(/another text/);
  show({ rank: 'specificity' });
  expect(missingForRank(usePage.getState())).toMatch(/read the corpus/);
  expect(calls).toHaveLength(0);
  usePage.setState({ statistics });
  expect(calls).toHaveLength(1);
  const { rates } = calls[0]!.request as TextSearchRequest;
  // What never fired counts as if it had once.
  expect([...rates!].map((rate) => Math.fround(rate))).toEqual([0.5, 0.01, 0.01].map(Math.fround));
  const before = textQuestion(usePage.getState())!.key;
  usePage.setState({ statistics: { ...statistics, tokens: 200 } });
  expect(textQuestion(usePage.getState())!.key).not.toBe(before);
});

test('a text of several tokens offers some; one token is looked up both ways', async () => {
  show({ by: 'token', find: 'ab' });
  await settle();
  expect(calls).toHaveLength(0);
  expect(useSearch.getState().token.value!.choices.map(({ text }) => text)).toEqual(['a', ' ']);
  show({ find: 'a' });
  await settle();
  expect(calls.map(({ request }) => [request.token, request.order])).toEqual([
    ['a', 'promoted'],
    ['a', 'suppressed'],
  ]);
  for (const call of calls) call.answer({ token: { id: 97, text: 'a' }, found: [] });
  await settle();
  expect(useSearch.getState().token.value).toMatchObject({
    promoted: { found: [] },
    choices: [{ text: 'a' }],
  });
});

test('features that fire together wait for what was read', () => {
  show({ by: 'together', together: [1], without: [2], within: 'text' });
  expect(calls).toHaveLength(0);
  usePage.setState({ statistics });
  expect(calls[0]!.request).toMatchObject({ all: [1], none: [2], within: 'text', corpus: { seed: 1 } });
  show({ together: [] });
  expect(useSearch.getState().together.value).toBeUndefined();
});

test('searching among words asks for every feature’s promoted tokens once, from where it was stopped', async () => {
  show({ by: 'label', find: 'mary' });
  useSearch.getState().stopLabelling();
  await settle();
  expect(labelled.map(({ length }) => length)).toEqual([256]);
  expect(useSearch.getState().labelling).toEqual({ done: 0, total: 600, running: false });
  await useSearch.getState().labelAll();
  expect(labelled.flat().length).toBe(600);
  expect(new Set(labelled.flat()).size).toBe(600);
  show({ find: 'john' });
  await settle();
  expect(labelled).toHaveLength(3);
});

test('words are looked for where they tell most', () => {
  const own = (feature: number) => (feature === 2 ? { label: 'Names', note: 'of people' } : undefined);
  const known = { labels: { 0: { index: 0, promoted: [' John'] } }, statistics, own };
  expect(wordPlace(wordsOf(known, 0), 'mary')).toBe('top token');
  expect(wordPlace(wordsOf(known, 0), 'john')).toBe('promoted');
  expect(wordPlace(wordsOf(known, 2), 'names')).toBe('label');
  expect(wordPlace(wordsOf(known, 2), 'people')).toBe('note');
  expect(wordPlace(wordsOf(known, 1), 'mary')).toBeUndefined();
});

test('the list of all features: figures, filters, heads', () => {
  const shares = { heads: 2, shares: Float32Array.of(0.9, 0.1, 0.3, 0.7, 0, 0) };
  const rows = indexRows(3, statistics, shares, null);
  expect(rows[0]).toEqual({ feature: 0, rate: 0.5, mean: 2, max: 4, share: Math.fround(0.9), head: 0 });
  expect(rows[1]).toMatchObject({ rate: 0, mean: NaN, max: 0, head: 1 });
  expect(indexRows(3, statistics, shares, 1).map(({ share }) => share)).toEqual(
    [0.1, 0.7, 0].map(Math.fround),
  );
  const known = { labels: {}, statistics, own: () => undefined };
  const all = { minRate: 0, maxRate: 1, minMax: 0, dead: false, search: '', minShare: 0 };
  const kept = (part: Partial<typeof all>): number[] =>
    filterIndex(rows, { ...all, ...part }, known).map(({ feature }) => feature);
  expect(kept({})).toEqual([0, 1, 2]);
  expect(kept({ minRate: 0.01 })).toEqual([0, 2]);
  expect(kept({ maxRate: 0.4 })).toEqual([1, 2]);
  expect(kept({ minMax: 3 })).toEqual([0]);
  expect(kept({ dead: true })).toEqual([1]);
  expect(kept({ minShare: 0.8 })).toEqual([0]);
  expect(kept({ search: 'mary' })).toEqual([0]);
  expect(kept({ search: '#2' })).toEqual([2]);
  // Nothing was read: nothing is hidden, and nobody is said to be dead.
  const unread = indexRows(3, undefined, undefined, null);
  expect(filterIndex(unread, { ...all, minRate: 0.1 }, known)).toHaveLength(3);
  expect(filterIndex(unread, { ...all, dead: true }, known)).toHaveLength(0);
});
