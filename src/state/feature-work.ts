import { FacetError } from '../shared/errors.ts';
import { runningEngine } from './engine.ts';
import type { PageState } from './page-state.ts';
import { useScans } from './scans.ts';
import type { Slots } from './slots.ts';
import type { ViewState } from './view-state.ts';

export type SlotName = 'load' | 'analysis' | 'feature' | 'examples' | 'sample';

/** The page as work that is done for it sees it. */
export interface WorkingPage {
  get: () => PageState;
  set: (part: Partial<PageState>) => void;
  slots: Slots<SlotName>;
  update: (part: Partial<ViewState>, step: 'push' | 'replace') => void;
  report: (thrown: unknown, signal?: AbortSignal) => void;
}

/** Best examples shown beside a text; the feature's page has more. */
const EXAMPLES = 8;

/** What is learnt of single features: card, labels, and examples. @param known until what is kept of texts is known */
export function featureWork({ get, set, slots, update, report }: WorkingPage, known: () => Promise<void>) {
  /** Features whose label is here or on its way. */
  const asked = new Set<number>();

  /** What belongs to one dictionary and is not carried over to another. */
  function fresh(): Partial<PageState> {
    slots.abort('analysis', 'feature', 'examples', 'sample');
    asked.clear();
    const none = { analysis: undefined, card: undefined, examples: undefined, sampling: undefined };
    return { ...none, statistics: undefined, labels: {} };
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
      await known();
      if (!signal.aborted) await showOnTexts();
    } catch (thrown) {
      const problem = FacetError.from(thrown);
      // A link may name a feature this dictionary does not have: say so, and close the panel.
      if (problem.code === 'bad-input' && !signal.aborted) update({ feature: null }, 'replace');
      report(thrown, signal);
    }
  }

  /** Examples of the open feature; the usual texts are read for it if nothing was, others when the visitor says so. */
  async function showOnTexts(): Promise<void> {
    const { statistics, view, sampling } = get();
    const { corpus } = useScans.getState();
    const engine = runningEngine();
    if (view.feature === null || !engine || !corpus) return;
    if (!statistics && !sampling && view.over === '') return useScans.getState().run();
    if (!statistics) return;
    const signal = slots.newest('examples');
    const request = { corpus, feature: view.feature, top: EXAMPLES, intervals: 0 };
    try {
      const examples = await engine.scan.examples(request, { signal });
      if (!signal.aborted) set({ examples });
    } catch (thrown) {
      if (FacetError.from(thrown).code !== 'not-found') report(thrown, signal);
    }
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

  return { fresh, load, showOnTexts, wantLabels };
}
