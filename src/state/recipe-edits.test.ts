import { beforeEach, expect, test, vi } from 'vitest';
import type { OpenedModel } from '../engine/protocol.ts';
import { MAX_STEPS } from './recipe.ts';
import { appendSteps, exploreFeature, steerFeatures, steerWithout, takeArrival } from './recipe-edits.ts';
import { ablateStep } from './recipe-steps.ts';
import { usePage } from './store.ts';
import { defaultView } from './view-state.ts';

const entries: string[] = [];
vi.mock('./engine.ts', () => ({ onEngineTrouble: () => {}, runningEngine: () => undefined }));
vi.stubGlobal('document', { addEventListener: () => {} });
vi.stubGlobal('location', { hash: '' });
vi.stubGlobal('history', {
  pushState: (_: unknown, __: string, address: string) => entries.push(address),
  replaceState: () => {},
});

const opened = {
  model: { id: '', digest: 'm' },
  dictionaries: [],
  dictionary: { id: 'a', digest: 'd' },
} as unknown as OpenedModel;
const steps = (): unknown[] =>
  usePage
    .getState()
    .view.steer.map((step) => (step.kind === 'add' ? step.feature : 'target' in step ? step.target : step));
const settle = (): Promise<void> => new Promise((done) => setTimeout(done));

beforeEach(async () => {
  await settle();
  entries.length = 0;
  takeArrival();
  usePage.setState({ phase: 'ready', opened, notes: [], view: { ...defaultView, text: 'one' } });
});

test('features of the current dictionary become steps of the Steering view, in one step back', async () => {
  steerFeatures([3, 5]);
  await settle();
  expect(usePage.getState().view.view).toBe('steering');
  expect(steps()).toEqual([3, 5]);
  expect(entries).toHaveLength(1);
  expect(takeArrival()).toBe(0);
  expect(takeArrival()).toBeUndefined();
  usePage.setState({ opened: { ...opened, dictionary: undefined } });
  steerFeatures([7]);
  expect(steps()).toEqual([3, 5]);
});

test('what is in the recipe is shown, not added once more', () => {
  steerFeatures([3, 5]);
  steerWithout({ kind: 'head', layer: 1, head: 2 });
  expect(takeArrival()).toBe(2);
  steerFeatures([5]);
  expect(steps()).toEqual([3, 5, { kind: 'head', layer: 1, head: 2 }]);
  expect(takeArrival()).toBe(1);
  steerFeatures([5, 9]);
  expect(takeArrival()).toBe(3);
  // By hand the same may be there twice, e.g. on other tokens.
  appendSteps([ablateStep({ kind: 'head', layer: 1, head: 2 })]);
  expect(steps()).toHaveLength(5);
});

test('no more than a link can hold, and said so', () => {
  steerFeatures(Array.from({ length: MAX_STEPS + 3 }, (_, feature) => feature));
  expect(steps()).toHaveLength(MAX_STEPS);
  expect(usePage.getState().notes).toHaveLength(1);
  expect(appendSteps([ablateStep({ kind: 'head', layer: 1, head: 2 })])).toBe(1);
  expect(steps()).toHaveLength(MAX_STEPS);
});

test('a feature is opened in Explore', async () => {
  usePage.getState().goTo('steering');
  await settle();
  entries.length = 0;
  exploreFeature(4);
  expect(usePage.getState().view).toMatchObject({ view: 'explore', feature: 4 });
  await settle();
  expect(entries).toHaveLength(1);
  usePage.getState().goTo('steering');
  exploreFeature(4);
  expect(usePage.getState().view).toMatchObject({ view: 'explore', feature: 4 });
});
