import { beforeEach, expect, test, vi } from 'vitest';
import type {
  Analysis,
  EffectInfo,
  Lens,
  LensRequest,
  OpenedModel,
  SuggestedLatent,
  Suggestions,
  Sweep,
  SweepRequest,
} from '../engine/protocol.ts';
import { FacetError } from '../shared/errors.ts';
import type { RecipeStep } from './recipe.ts';
import { REST_MS } from './settling.ts';
import { useLens } from './steered-lens.ts';
import { strengthsOf, sweepKey, sweptStep, type SweptStep, useSweep } from './steered-sweep.ts';
import { usePage } from './store.ts';
import { takeSuggestion, useSuggestions } from './suggestions.ts';
import { defaultView } from './view-state.ts';

interface Call<Request, Answer> {
  request: Request;
  signal: AbortSignal;
  partial: (answer: Answer) => void;
  answer: (answer: Answer) => void;
  fail: (thrown: unknown) => void;
}
const sweeps: Call<SweepRequest, Sweep>[] = [];
const lenses: Call<LensRequest, Lens>[] = [];
let suggested: () => Promise<Suggestions | undefined> = () => Promise.resolve(undefined);
interface Options {
  signal: AbortSignal;
  onPartial: (found: never) => void;
}
vi.mock('./engine.ts', () => ({
  onEngineTrouble: () => {},
  runningEngine: () => {
    const called =
      (calls: unknown[]) =>
      (request: unknown, { signal, onPartial }: Options): Promise<unknown> =>
        new Promise((answer, fail) => calls.push({ request, signal, partial: onPartial, answer, fail }));
    return {
      steer: {
        effects: () => Promise.resolve([{ id: 'quotes' } as EffectInfo]),
        sweep: called(sweeps),
        lens: called(lenses),
        suggestions: () => suggested(),
      },
    };
  },
}));
vi.mock('./opening.ts', () => ({ filesBehind: () => Promise.resolve(undefined) }));
vi.stubGlobal('document', { addEventListener: () => {} });

const step: SweptStep = {
  kind: 'add',
  dictionary: 'd',
  feature: 7,
  strength: 2,
  unit: 1,
  scope: { kind: 'generated' },
};
const ablated: RecipeStep = {
  kind: 'ablate',
  target: { kind: 'head', layer: 0, head: 1 },
  with: 'zero',
  scope: { kind: 'all' },
};
const nowhere: RecipeStep = { ...ablated, scope: { kind: 'tokens', ranges: [[0, 0]] } };
const opened = { model: { digest: 'm' }, dictionaries: [] } as unknown as OpenedModel;
const analysis = { prefix: 0, windowStart: 0, windowTokens: 9 } as Analysis;
const found = (loss: number): Sweep => ({ base: { loss }, points: [], keeps: {} }) as unknown as Sweep;
const settle = async (): Promise<void> => {
  for (let i = 0; i < 12; i++) await Promise.resolve();
};
const view = (part: Partial<typeof defaultView>): void =>
  usePage.setState(({ view: before }) => ({ view: { ...before, ...part } }));
const stale = (): boolean => {
  const { result, settings } = useSweep.getState();
  return result?.key !== sweepKey(usePage.getState(), settings, result?.alone ? result.step : undefined);
};

beforeEach(() => {
  sweeps.length = 0;
  lenses.length = 0;
  usePage.setState({ phase: 'ready', opened: undefined, analysis, analysing: false });
  usePage.setState({
    opened,
    change: view,
    goTo: (_, part) => view(part ?? {}),
    view: { ...defaultView, steer: [ablated, step] },
  });
});

test('the named step is swept, or the first with a strength', () => {
  const steer = [ablated, step, { ...step, feature: 8 }];
  expect(sweptStep({ steer, swept: null })).toBe(1);
  expect(sweptStep({ steer, swept: 2 })).toBe(2);
  expect(sweptStep({ steer, swept: 0 })).toBe(1);
  expect(sweptStep({ steer: [ablated], swept: null })).toBeUndefined();
});

test('strengths run evenly from one end to the other', () => {
  const { settings } = useSweep.getState();
  expect(strengthsOf({ ...settings, from: -2, to: 4, count: 7 })).toEqual([-2, -1, 0, 1, 2, 3, 4]);
  expect(strengthsOf({ ...settings, from: 0.3, to: 0, count: 4 })).toEqual([0, 0.1, 0.2, 0.3]);
});

test('the swept step keeps its place when steps that do nothing are left out', async () => {
  view({ steer: [nowhere, ablated, { ...step, off: true }] });
  view({ swept: 2 });
  void useSweep.getState().run();
  await settle();
  const [{ request }] = sweeps as [Call<SweepRequest, Sweep>];
  expect(request.interventions).toHaveLength(2);
  expect(request.interventions[request.index]).toMatchObject({ kind: 'add', feature: 7 });
});

test('a step on no token that is read says so', async () => {
  view({ steer: [{ ...step, scope: { kind: 'tokens', ranges: [[0, 0]] } }] });
  await useSweep.getState().run();
  expect(sweeps).toHaveLength(0);
  expect(useSweep.getState().failure?.code).toBe('bad-input');
});

test('what is measured is shown as it comes, and choosing a strength does not age it', async () => {
  void useSweep.getState().run();
  await settle();
  sweeps[0]!.partial(found(1));
  expect(useSweep.getState().result?.sweep.base.loss).toBe(1);
  expect(useSweep.getState().running).toBeDefined();
  sweeps[0]!.answer(found(2));
  await settle();
  // One that was on its way when the answer came.
  sweeps[0]!.partial(found(1));
  expect(useSweep.getState().result?.sweep.base.loss).toBe(2);
  expect(useSweep.getState().running).toBeUndefined();
  expect(stale()).toBe(false);
  useSweep.getState().give(3);
  expect(usePage.getState().view.steer[1]).toMatchObject({ strength: 3 });
  expect(stale()).toBe(false);
  view({ temperature: 0 });
  expect(stale()).toBe(true);
});

test('the newest sweep wins, and a stop keeps what was measured', async () => {
  void useSweep.getState().run();
  await settle();
  void useSweep.getState().run();
  await settle();
  expect(sweeps[0]!.signal.aborted).toBe(true);
  sweeps[0]!.answer(found(9));
  sweeps[1]!.partial(found(1));
  useSweep.getState().stop();
  sweeps[1]!.answer(found(9));
  await settle();
  expect(useSweep.getState()).toMatchObject({ stopped: true, running: undefined });
  expect(useSweep.getState().result?.sweep.base.loss).toBe(1);
});

test('one step alone is measured without the recipe, which gets it when a strength is chosen', async () => {
  view({ steer: [ablated] });
  void useSweep.getState().run(step);
  await settle();
  expect(sweeps[0]!.request.interventions).toHaveLength(1);
  sweeps[0]!.answer(found(1));
  await settle();
  view({ steer: [] });
  expect(stale()).toBe(false);
  useSweep.getState().give(-1);
  expect(usePage.getState().view.steer).toEqual([{ ...step, strength: -1 }]);
});

test('a failure says why; a lost device leaves what was measured', async () => {
  void useSweep.getState().run();
  await settle();
  sweeps[0]!.fail(new FacetError('limits', 'too large'));
  await settle();
  expect(useSweep.getState().failure?.message).toBe('too large');
  void useSweep.getState().run();
  await settle();
  sweeps[1]!.partial(found(1));
  sweeps[1]!.fail(new FacetError('device-lost', 'gone'));
  await settle();
  expect(useSweep.getState()).toMatchObject({ stopped: true, failure: undefined });
  expect(useSweep.getState().result?.sweep.base.loss).toBe(1);
});

test('the lens reads at once when it opens, then what has come to rest, at the active token', async () => {
  vi.useFakeTimers();
  const end = useLens.getState().follow();
  await settle();
  expect(lenses[0]!.request.row).toBeUndefined();
  lenses[0]!.answer({ row: 8 } as Lens);
  await settle();
  view({ active: 3 });
  expect(useLens.getState().of).not.toBe(useLens.getState().asked);
  expect(lenses).toHaveLength(1);
  vi.advanceTimersByTime(REST_MS);
  await settle();
  expect(lenses[1]!.request.row).toBe(2);
  view({ active: 4 });
  expect(lenses[1]!.signal.aborted).toBe(true);
  vi.advanceTimersByTime(REST_MS);
  await settle();
  lenses[1]!.answer({ row: 2 } as Lens);
  lenses[2]!.answer({ row: 3 } as Lens);
  await settle();
  expect(useLens.getState()).toMatchObject({ lens: { row: 3 }, running: false });
  view({ steer: [{ ...step, off: true }] });
  expect(useLens.getState().lens).toBeUndefined();
  end();
  vi.useRealTimers();
});

test('suggestions are asked for once a model, and a failure can be tried again', async () => {
  let asked = 0;
  suggested = () => {
    asked++;
    return Promise.reject(new FacetError('network', 'no file'));
  };
  const end = useSuggestions.getState().follow();
  await settle();
  view({ tint: 'none' });
  await settle();
  expect(asked).toBe(1);
  expect(useSuggestions.getState().failure?.message).toBe('no file');
  suggested = () => Promise.resolve({ model: 'm', latents: [] } as unknown as Suggestions);
  await useSuggestions.getState().again();
  expect(useSuggestions.getState()).toMatchObject({ found: { model: 'm' }, failure: undefined });
  usePage.setState({ opened: { ...opened, model: { digest: 'other' } } as OpenedModel });
  expect(useSuggestions.getState().failure).toBeUndefined();
  end();
});

test('a suggestion takes the place of a step that adds the same feature', () => {
  const latent = { dictionary: 'd', feature: 7, strength: 5, unit: 1, scope: 'generated' } as SuggestedLatent;
  takeSuggestion(latent);
  expect(usePage.getState().view.steer).toEqual([ablated, { ...step, strength: 5 }]);
  takeSuggestion({ ...latent, feature: 9 });
  expect(usePage.getState().view.steer).toHaveLength(3);
});
