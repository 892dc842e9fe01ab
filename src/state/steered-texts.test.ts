import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type {
  Analysis,
  Generated,
  GeneratedToken,
  GenerateRequest,
  OpenedModel,
} from '../engine/protocol.ts';
import { FacetError } from '../shared/errors.ts';
import type { RecipeStep } from './recipe.ts';
import { REST_MS } from './settling.ts';
import { divergence, MORE_TOKENS, useTexts } from './steered-texts.ts';
import { usePage } from './store.ts';
import { defaultView } from './view-state.ts';

interface Call {
  request: GenerateRequest;
  signal: AbortSignal;
  stream: (...ids: number[]) => void;
  answer: (...ids: number[]) => void;
  end: (...ids: number[]) => void;
  fail: (thrown: unknown) => void;
}
const calls: Call[] = [];
const token = (id: number): GeneratedToken => ({ id, text: String(id), special: false, logProb: -1 });
const generated = (ids: number[], reason: Generated['reason'] = 'length'): Generated => ({
  tokens: ids.map(token),
  text: ids.join(' '),
  reason,
  promptRows: 3,
  dropped: 0,
  baseLoss: new Float32Array(ids.length),
  kl: new Float32Array(ids.length),
  usage: {} as Generated['usage'],
});
vi.mock('./engine.ts', () => ({
  onEngineTrouble: () => {},
  runningEngine: () => ({
    steer: {
      prompting: () => Promise.resolve({ chat: false, ends: [] }),
      generate: (
        request: GenerateRequest,
        { signal, onTokens }: { signal: AbortSignal; onTokens: (tokens: GeneratedToken[]) => void },
      ) =>
        new Promise<Generated>((answer, fail) =>
          calls.push({
            request,
            signal,
            stream: (...ids) => onTokens(ids.map(token)),
            answer: (...ids) => answer(generated(ids)),
            end: (...ids) => answer(generated(ids, 'end')),
            fail,
          }),
        ),
    },
  }),
}));
vi.mock('./opening.ts', () => ({ filesBehind: () => Promise.resolve(undefined) }));
const heard = new Map<string, () => void>();
vi.stubGlobal('document', {
  addEventListener: (type: string, listener: () => void) => heard.set(type, listener),
});

const step: RecipeStep = {
  kind: 'add',
  dictionary: 'blocks.2.hook_resid_pre',
  feature: 7,
  strength: 2,
  unit: 1,
  scope: { kind: 'generated' },
};
const opened = { model: { digest: 'm' }, dictionaries: [] } as unknown as OpenedModel;
const analysis = { prefix: 1 } as Analysis;
const settle = async (): Promise<void> => {
  for (let i = 0; i < 10; i++) await Promise.resolve();
};
const view = (part: Partial<typeof defaultView>): void =>
  usePage.setState(({ view: before }) => ({ view: { ...before, ...part } }));
const call = (arm: string): Call => calls.findLast(({ request }) => request.arm === arm)!;
const arms = (): string[] => calls.map(({ request }) => request.arm);
const ids = (arm: 'base' | 'steered'): number[] =>
  useTexts.getState().texts[arm]?.tokens.map(({ id }) => id) ?? [];
let end = (): void => {};

beforeEach(() => {
  vi.useFakeTimers();
  calls.length = 0;
  usePage.setState({
    phase: 'ready',
    opened: undefined,
    analysis,
    analysing: false,
    view: { ...defaultView, frozen: false, newTokens: 3, steer: [step] },
  });
  usePage.setState({ opened, change: view });
});
afterEach(() => {
  end();
  vi.useRealTimers();
});
async function open(): Promise<void> {
  end = useTexts.getState().follow();
  await settle();
}

test('a view that opens with a recipe generates at once, each text from the same seed', async () => {
  view({ frozen: true });
  await open();
  expect(arms()).toEqual(['base', 'steered', 'frozen']);
  expect(new Set(calls.map(({ request }) => request.sampling.seed)).size).toBe(1);
  expect(call('base').request.interventions).toEqual([]);
  expect(call('steered').request.interventions).toHaveLength(1);
});

test('without a recipe nothing is generated before it is asked for, and then the base alone', async () => {
  view({ steer: [{ ...step, off: true }] });
  await open();
  view({ text: 'other' });
  vi.advanceTimersByTime(REST_MS);
  expect(calls).toHaveLength(0);
  void useTexts.getState().generate();
  await settle();
  expect(arms()).toEqual(['base']);
});

test('tokens are shown as they come, and the figures when all are there', async () => {
  await open();
  call('steered').stream(1, 2);
  await settle();
  expect(ids('steered')).toEqual([1, 2]);
  expect(useTexts.getState().texts.steered?.done).toBeUndefined();
  call('steered').answer(1, 2, 3);
  await settle();
  expect(useTexts.getState().texts.steered).toMatchObject({ running: false, done: { reason: 'length' } });
});

test('a recipe that changes leaves the base as it is, and begins anew once the change has come to rest', async () => {
  await open();
  call('base').answer(1, 2, 3);
  call('steered').stream(1);
  await settle();
  heard.get('pointerdown')!();
  view({ steer: [{ ...step, strength: 3 }] });
  expect(call('steered').signal.aborted).toBe(true);
  vi.advanceTimersByTime(5 * REST_MS);
  await settle();
  view({ steer: [{ ...step, strength: 4 }] });
  expect(calls).toHaveLength(2);
  // Until then what is shown says that it is of something before.
  expect(useTexts.getState().texts.steered?.key).not.toBe(useTexts.getState().asked.steered);
  heard.get('pointerup')!();
  await settle();
  expect(arms()).toEqual(['base', 'steered', 'steered']);
  expect(call('steered').request.interventions[0]).toMatchObject({ strength: 4 });
  expect(ids('base')).toEqual([1, 2, 3]);
  expect(ids('steered')).toEqual([]);
});

test('without a pointer it is a pause that counts', async () => {
  await open();
  view({ temperature: 0.3 });
  vi.advanceTimersByTime(REST_MS - 1);
  view({ temperature: 0.4 });
  vi.advanceTimersByTime(REST_MS - 1);
  expect(calls).toHaveLength(2);
  vi.advanceTimersByTime(1);
  await settle();
  expect(calls).toHaveLength(4);
  expect(call('base').request.sampling.temperature).toBe(0.4);
});

test('a late answer to an older question is not shown', async () => {
  await open();
  const old = call('steered');
  view({ seed: 9 });
  vi.advanceTimersByTime(REST_MS);
  await settle();
  old.answer(9, 9, 9);
  await settle();
  expect(ids('steered')).toEqual([]);
  call('steered').answer(4, 5, 6);
  await settle();
  expect(ids('steered')).toEqual([4, 5, 6]);
});

test('going back to a recipe brings its text back without generating it again', async () => {
  await open();
  call('base').answer(1, 2, 3);
  call('steered').answer(1, 2, 4);
  await settle();
  view({ steer: [{ ...step, strength: 3 }] });
  vi.advanceTimersByTime(REST_MS);
  await settle();
  expect(calls).toHaveLength(3);
  view({ steer: [step] });
  vi.advanceTimersByTime(REST_MS);
  await settle();
  expect(calls).toHaveLength(3);
  expect(ids('steered')).toEqual([1, 2, 4]);
});

test('more tokens continue what is there; a text that ended is left alone', async () => {
  await open();
  call('base').answer(1, 2, 3);
  call('steered').end(1, 2);
  await settle();
  useTexts.getState().proceed();
  await settle();
  expect(arms()).toEqual(['base', 'steered', 'base']);
  expect(call('base').request).toMatchObject({ after: [1, 2, 3], tokens: MORE_TOKENS });
  expect(usePage.getState().view.newTokens).toBe(3 + MORE_TOKENS);
});

test('a stop keeps what there is, and going on continues it', async () => {
  await open();
  call('base').answer(1, 2, 3);
  call('steered').stream(1);
  await settle();
  useTexts.getState().stop();
  expect(call('steered').signal.aborted).toBe(true);
  expect(useTexts.getState().texts.steered).toMatchObject({ running: false, stopped: true });
  void useTexts.getState().generate();
  await settle();
  expect(call('steered').request).toMatchObject({ after: [1], tokens: 2 });
  expect(arms()).toEqual(['base', 'steered', 'steered']);
});

test('another seed is in the view, and generates at once', async () => {
  await open();
  useTexts.getState().reseed();
  await settle();
  expect(usePage.getState().view.seed).toBe(defaultView.seed + 1);
  expect(call('steered').request.sampling.seed).toBe(defaultView.seed + 1);
});

test('a failure says why; a lost device goes on by itself where it was', async () => {
  await open();
  call('base').fail(new FacetError('bad-input', 'no such feature'));
  call('steered').stream(1);
  call('steered').fail(new FacetError('device-lost', 'gone'));
  await settle();
  const { base, steered } = useTexts.getState().texts;
  expect(base?.failure?.message).toBe('no such feature');
  expect(steered?.running).toBe(false);
  expect(steered?.failure).toBeUndefined();
  usePage.setState({ phase: 'loading' });
  usePage.setState({ phase: 'ready' });
  await settle();
  expect(call('steered').request.after).toEqual([1]);
  expect(call('steered').signal.aborted).toBe(false);
});

test('a text being read stops the work, which waits for its reading', async () => {
  await open();
  usePage.setState({ analysing: true, view: { ...usePage.getState().view, text: 'other' } });
  expect(call('base').signal.aborted).toBe(true);
  vi.advanceTimersByTime(REST_MS);
  expect(calls).toHaveLength(2);
  usePage.setState({ analysing: false });
  await settle();
  expect(calls).toHaveLength(4);
  expect(call('base').request.prompt).toEqual({ kind: 'text', text: 'other' });
});

test('texts of one model do not stand under another', async () => {
  await open();
  call('base').answer(1, 2, 3);
  await settle();
  usePage.setState({ opened: { ...opened, model: { digest: 'other' } } as OpenedModel });
  expect(useTexts.getState().texts.base?.tokens ?? []).toEqual([]);
});

test('where two texts part', () => {
  const of = (...all: number[]) => all.map(token);
  expect(divergence(of(1, 2, 3), of(1, 5, 3))).toBe(1);
  expect(divergence(of(1, 2), of(1, 2, 3))).toBeUndefined();
});
