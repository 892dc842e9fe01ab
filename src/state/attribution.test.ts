import { expect, test } from 'vitest';
import { create } from 'zustand';
import type { Analysis, AttributionRecord, AttributionRequest, HeadShares } from '../engine/protocol.ts';
import { FacetError } from '../shared/errors.ts';
import { type AttributionState, attributionWork } from './attribution.ts';
import {
  destinationRow,
  layerOfHeads,
  questionOf,
  requestOf,
  rowAt,
  upstreamOf,
} from './attribution-question.ts';
import type { PageState } from './page-state.ts';
import { defaultView, type TrailStep, type ViewState } from './view-state.ts';

// Row 0 is the beginning-of-text token; the window begins at token 10. Feature 5 fires on rows 1 to 3, strongest on 2.
const analysis = {
  dictionaryDigest: 'd',
  prefix: 1,
  windowStart: 10,
  windowTokens: 4,
  tokens: Array.from({ length: 5 }),
  codes: {
    offsets: Uint32Array.from([0, 1, 2, 3, 4, 4]),
    indices: Uint32Array.from([7, 5, 5, 5]),
    values: Float32Array.from([9, 1, 3, 3]),
  },
} as unknown as Analysis;

const head = (layer: number, number: number, source: number): TrailStep => ({
  kind: 'head',
  layer,
  head: number,
  source,
});

function pageOf(view: Partial<ViewState>, part: Partial<PageState> = {}): PageState {
  const dictionary = { id: 'blocks.1.attn.hook_z', digest: 'd', dSae: 16 };
  const page = { phase: 'ready', analysis, analysing: false, opened: { dictionary }, ...part };
  return { ...page, view: { ...defaultView, text: 'a text', feature: 5, ...view } } as unknown as PageState;
}

test('without a choice the destination is where the feature is strongest', () => {
  expect(destinationRow(analysis, 5, null)).toBe(2);
  expect(destinationRow(analysis, 7, null)).toBe(0);
  expect(destinationRow(analysis, 6, null)).toBe(4);
  expect(destinationRow(analysis, 5, 14)).toBe(4);
  // A position outside of the window is none.
  expect(destinationRow(analysis, 5, 3)).toBe(2);
});

test('positions of a trail become rows, up to the first step that was not read or looks ahead', () => {
  const question = (trail: TrailStep[]) => questionOf(pageOf({ active: 14, trail }), 'trail')!;
  expect(question([head(1, 0, 12), head(0, 3, 0)])).toMatchObject({
    row: 4,
    trail: [head(1, 0, 2), head(0, 3, 0)],
    lost: 0,
  });
  expect(rowAt(question([head(1, 0, 12), { kind: 'feature', dictionary: 'x', feature: 1 }]))).toBe(2);
  expect(question([head(1, 0, 3), head(0, 3, 0)])).toMatchObject({ trail: [], lost: 2 });
  expect(question([head(1, 0, 12), head(0, 3, 13)])).toMatchObject({ trail: [head(1, 0, 2)], lost: 1 });
  expect(questionOf(pageOf({ active: 14, trail: [head(1, 0, 12)] }), 'feature')!.trail).toEqual([]);
});

test('nothing is asked while a text is read, without a feature, or of another dictionary’s codes', () => {
  expect(questionOf(pageOf({}), 'trail')).toBeDefined();
  expect(questionOf(pageOf({}, { analysing: true }), 'trail')).toBeUndefined();
  expect(questionOf(pageOf({}, { phase: 'loading' }), 'trail')).toBeUndefined();
  expect(questionOf(pageOf({ feature: null }), 'trail')).toBeUndefined();
  expect(questionOf(pageOf({ feature: 16 }), 'trail')).toBeUndefined();
  const other = { ...analysis, dictionaryDigest: 'e' };
  expect(questionOf(pageOf({}, { analysis: other }), 'trail')).toBeUndefined();
});

test('the engine is asked with the files behind every reference', async () => {
  const trail = [head(1, 0, 12), { kind: 'feature', dictionary: 'hf:x', feature: 1 } as const];
  const question = questionOf(pageOf({ active: 14, trail, upstream: 'up' }), 'trail')!;
  expect(await requestOf(question, (reference) => Promise.resolve(`files of ${reference}`))).toEqual({
    text: 'a text',
    windowStart: 10,
    dictionary: 'files of blocks.1.attn.hook_z',
    feature: 5,
    row: 4,
    trail: [head(1, 0, 2), { kind: 'feature', dictionary: 'files of hf:x', feature: 1 }],
    upstream: ['files of up'],
  });
});

test('dictionaries upstream are those of what was written before the layer', () => {
  const hooks = [
    'hook_resid_pre',
    'hook_resid_mid',
    'hook_resid_post',
    'attn.hook_z',
    'hook_mlp_out',
  ].flatMap((hook) => [1, 2].map((layer) => `blocks.${layer}.${hook}`));
  const summaries = hooks.map((hook) => ({ id: hook, title: '', hook, bytes: 0 }));
  expect(upstreamOf(summaries, 2).map(({ hook }) => hook)).toEqual([
    'blocks.1.hook_resid_pre',
    'blocks.2.hook_resid_pre',
    'blocks.1.hook_resid_mid',
    'blocks.1.hook_resid_post',
    'blocks.1.attn.hook_z',
  ]);
  expect(layerOfHeads('blocks.11.attn.hook_z')).toBe(11);
  expect(layerOfHeads('blocks.1.attn.hook_q')).toBeUndefined();
});

/** An engine that answers when told to. */
function scene(first: PageState) {
  const page = create<PageState>()(() => first);
  const store = create<AttributionState>()(() => ({}));
  const asked: {
    request: AttributionRequest;
    signal: AbortSignal;
    answer: (value: number) => void;
    fail: (error: Error) => void;
  }[] = [];
  const work = attributionWork(store.setState, store.getState, {
    page,
    files: (reference) => Promise.resolve(reference === 'gone' ? undefined : reference),
    heads: () => ({
      attribute: (request, options) =>
        new Promise<AttributionRecord>((resolve, reject) => {
          asked.push({
            request,
            signal: options!.signal!,
            answer: (value) => resolve({ value } as AttributionRecord),
            fail: reject,
          });
        }),
      shares: (dictionary) => Promise.resolve({ dictionary, heads: 1 } as unknown as HeadShares),
    }),
  });
  const change = (view: Partial<ViewState>): void =>
    page.setState({ view: { ...page.getState().view, ...view } });
  const values = () => store.getState().answer?.levels.map((level) => level?.value);
  return { page, store, asked, work, change, values };
}
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

test('the newest question wins, and the older answer stands only for the same feature', async () => {
  const { store, asked, work, change, values } = scene(pageOf({ active: 12 }));
  work.watch('trail');
  await settled();
  asked[0]!.answer(1);
  await settled();
  expect(values()).toEqual([1]);
  change({ active: 13 });
  change({ active: 14 });
  await settled();
  // What was overtaken before its files were found is not even asked.
  expect(asked.map(({ request }) => request.row)).toEqual([2, 4]);
  expect(values()).toEqual([1]);
  expect(store.getState().answer!.question.row).toBe(2);
  const newest = asked.at(-1)!;
  change({ feature: 7, trail: [] });
  expect(values()).toBeUndefined();
  expect(newest.signal.aborted).toBe(true);
  newest.answer(4);
  await settled();
  expect(values()).toBeUndefined();
});

test('the end of a trail comes first, then what its steps are worth; going back asks nothing', async () => {
  const trail = [head(1, 0, 12), head(0, 3, 0)];
  const { asked, work, change, values } = scene(pageOf({ active: 14, trail, upstream: 'up' }));
  work.watch('trail');
  await settled();
  expect(asked[0]!.request).toMatchObject({ trail: [head(1, 0, 2), head(0, 3, 0)], upstream: ['up'] });
  asked[0]!.answer(3);
  await settled();
  expect(values()).toEqual([undefined, undefined, 3]);
  asked[1]!.answer(2);
  await settled();
  asked[2]!.answer(1);
  await settled();
  expect(asked.map(({ request }) => [request.trail.length, request.upstream?.length])).toEqual([
    [2, 1],
    [1, undefined],
    [0, undefined],
  ]);
  expect(values()).toEqual([1, 2, 3]);
  change({ trail: [], upstream: '' });
  change({ trail: trail.slice(0, 1) });
  await settled();
  expect(values()).toEqual([1, 2]);
  expect(asked).toHaveLength(3);
});

test('what went wrong is told, and leaving stops the work', async () => {
  const { store, asked, work, change } = scene(pageOf({ active: 14 }));
  const stop = work.watch('trail');
  await settled();
  asked[0]!.fail(new FacetError('unsupported', 'No.'));
  await settled();
  expect(store.getState()).toMatchObject({ trouble: { code: 'unsupported' }, asked: undefined });
  change({ trail: [{ kind: 'feature', dictionary: 'gone', feature: 1 }] });
  await settled();
  expect(store.getState().trouble).toMatchObject({ code: 'not-found' });
  change({ trail: [head(1, 0, 12)] });
  await settled();
  expect(store.getState().trouble).toBeUndefined();
  stop();
  expect(asked.at(-1)!.signal.aborted).toBe(true);
  change({ trail: [] });
  await settled();
  expect(asked).toHaveLength(2);
});

test('shares are fetched once for each dictionary', async () => {
  const { page, store, work } = scene(pageOf({}));
  work.watchShares();
  await settled();
  expect(store.getState().shares).toMatchObject({ dictionary: 'blocks.1.attn.hook_z', digest: 'd' });
  const before = store.getState().shares;
  page.setState({ analysing: true });
  await settled();
  expect(store.getState().shares).toBe(before);
  const { opened } = page.getState();
  page.setState({ opened: { ...opened!, dictionary: { ...opened!.dictionary!, id: 'other', digest: 'e' } } });
  await settled();
  expect(store.getState().shares).toMatchObject({ dictionary: 'other', digest: 'e' });
});
