import type { Progress, SampleStatistics } from '../engine/protocol.ts';
import { FacetError } from '../shared/errors.ts';
import { runningEngine } from './engine.ts';
import type { PageState } from './page-state.ts';
import type { Slots } from './slots.ts';
import type { ViewState } from './view-state.ts';

export const SAMPLE_SEED = 1;
/**
 * Items of the sample read when a feature is first opened; a software adapter, where that many take most of a minute,
 * begins with fewer.
 */
export const firstSample = ({ opened }: Pick<PageState, 'opened'>): number =>
  opened?.adapter.software ? 100 : 300;

export type SlotName = 'load' | 'analysis' | 'feature' | 'examples' | 'sample';

interface Page {
  get: () => PageState;
  set: (part: Partial<PageState>) => void;
  slots: Slots<SlotName>;
  update: (part: Partial<ViewState>, step: 'replace') => void;
  report: (thrown: unknown, signal?: AbortSignal) => void;
}

/** What is learnt of single features: card, labels, and how they behave on a sample. */
export function featureWork({ get, set, slots, update, report }: Page) {
  /** Samples by digest of the dictionary, so that going back and forth reads each once. */
  const samples = new Map<string, SampleStatistics>();
  /** Features whose label is here or on its way. */
  const asked = new Set<number>();

  /** What belongs to one dictionary and is not carried over to another. */
  function fresh(digest: string | undefined): Partial<PageState> {
    slots.abort('analysis', 'feature', 'examples', 'sample');
    asked.clear();
    const statistics = digest === undefined ? undefined : samples.get(digest);
    const none = { analysis: undefined, card: undefined, examples: undefined, sampling: undefined };
    return { ...none, statistics, labels: {} };
  }

  async function load(): Promise<void> {
    const { feature } = get().view;
    const signal = slots.newest('feature');
    slots.abort('examples');
    set({ card: undefined, examples: undefined });
    const engine = runningEngine();
    if (feature === null || !engine || !get().opened?.dictionary) return;
    try {
      const card = await engine.feature(feature, { signal });
      if (signal.aborted) return;
      set({ card });
      void wantLabels([feature, ...card.neighbours.map(({ index }) => index)]);
      if (get().statistics) await loadExamples();
      else if (!get().sampling) void sample(firstSample(get()));
    } catch (thrown) {
      const problem = FacetError.from(thrown);
      // A link may name a feature this dictionary does not have: say so, and close the panel.
      if (problem.code === 'bad-input' && !signal.aborted) update({ feature: null }, 'replace');
      report(thrown, signal);
    }
  }

  async function loadExamples(): Promise<void> {
    const { statistics, view } = get();
    const engine = runningEngine();
    if (!statistics || view.feature === null || !engine) return;
    const signal = slots.newest('examples');
    const { item, perFeature } = statistics.examples;
    const own = item.subarray(view.feature * perFeature, (view.feature + 1) * perFeature);
    const items = [...own].filter((found) => found !== 0xffffffff);
    const request = { feature: view.feature, seed: statistics.seed, items };
    try {
      const examples = await engine.examples(request, { signal });
      if (!signal.aborted) set({ examples });
    } catch (thrown) {
      report(thrown, signal);
    }
  }

  async function sample(items: number): Promise<void> {
    const engine = runningEngine();
    if (!engine) return;
    const signal = slots.newest('sample');
    set({ sampling: { phase: 'sample', what: 'Storyworld items', done: 0, total: items, unit: 'steps' } });
    const keep = (statistics: SampleStatistics): void => {
      if (get().opened?.dictionary?.digest !== statistics.dictionaryDigest) return;
      // A larger sample begins small; until it has caught up, what is there says more.
      if (statistics.items < (samples.get(statistics.dictionaryDigest)?.items ?? 0)) return;
      samples.set(statistics.dictionaryDigest, statistics);
      set({ statistics });
    };
    try {
      const request = { seed: SAMPLE_SEED, items };
      const onProgress = (sampling: Progress): void => {
        if (!signal.aborted) set({ sampling });
      };
      keep(await engine.sample(request, { signal, onProgress, onPartial: keep }));
      set({ sampling: undefined });
      await loadExamples();
    } catch (thrown) {
      if (!signal.aborted) set({ sampling: undefined });
      report(thrown, signal);
    }
  }

  function cancelSample(): void {
    slots.abort('sample');
    set({ sampling: undefined });
    void loadExamples();
  }

  async function wantLabels(features: readonly number[]): Promise<void> {
    const { opened } = get();
    const engine = runningEngine();
    const missing = features.filter((feature) => !asked.has(feature));
    if (!engine || missing.length === 0) return;
    for (const feature of missing) asked.add(feature);
    try {
      const found = await engine.labels(missing);
      if (get().opened?.dictionary?.digest !== opened?.dictionary?.digest) return;
      const added = Object.fromEntries(found.map((label) => [label.index, label]));
      set({ labels: { ...get().labels, ...added } });
    } catch (thrown) {
      // Asked of a dictionary that is not open any more.
      if (get().opened?.dictionary?.digest !== opened?.dictionary?.digest) return;
      for (const feature of missing) asked.delete(feature);
      report(thrown);
    }
  }

  return { fresh, load, sample, cancelSample, wantLabels };
}
