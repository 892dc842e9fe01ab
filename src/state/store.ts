import { create } from 'zustand';
import { type EngineClient, startEngine } from '../engine/client.ts';
import type { Analysis, Progress, SampleStatistics } from '../engine/protocol.ts';
import { FacetError } from '../shared/errors.ts';
import { Address, badLink } from './address.ts';
import { agrees, expectation } from './expectation.ts';
import { salvageLink } from './link-salvage.ts';
import type { PageActions, PageState } from './page-state.ts';
import { positionOf } from './rows.ts';
import { Slots } from './slots.ts';
import { defaultView, MAX_PINS, MAX_TEXT, type ViewState } from './view-state.ts';

export const SAMPLE_SEED = 1;
/** Items of the sample read when a feature is first opened. */
export const SAMPLE_ITEMS = 300;
const NEXT_TOKENS = 12;
/** A second loss of the GPU this soon after the first is left to the visitor. */
const RECOVER_AGAIN_MS = 60_000;

let engine: EngineClient | undefined;

export const usePage = create<PageState & PageActions>()((set, get) => {
  const slots = new Slots<'load' | 'analysis' | 'feature' | 'examples' | 'sample'>();
  const address = new Address(() => get().view);
  /** Samples by digest of the dictionary, so that going back and forth reads each once. */
  const samples = new Map<string, SampleStatistics>();
  /** Features whose label is here or on its way. */
  const asked = new Set<number>();
  /** What the followed link said to expect; compared once, with the first reading of its text. */
  let promised: Pick<ViewState, 'modelDigest' | 'dictionaryDigest' | 'expect'> = {};
  /** Counts followed links: work begun for an older one does not touch the view of a newer. */
  let followed = 0;
  let lastLoss = -Infinity;
  /** One text is split at a time; those that wait and are overtaken never are. */
  let splitting: Promise<unknown> = Promise.resolve();

  function update(part: Partial<ViewState>, step: 'push' | 'replace' = 'push'): void {
    if (step === 'push') address.flush();
    set({ view: { ...get().view, ...part } });
    address.write(step);
  }

  /** Shows what went wrong while the page goes on; a lost device and a cancelled call have their own ways. */
  function report(thrown: unknown, signal?: AbortSignal): void {
    const problem = FacetError.from(thrown);
    if (signal?.aborted || problem.code === 'cancelled' || problem.code === 'device-lost') return;
    set({ problem });
  }

  function onTrouble(trouble: FacetError): void {
    if (trouble.code !== 'device-lost') {
      set(get().phase === 'ready' ? { problem: trouble } : { phase: 'failed', failure: trouble });
      return;
    }
    slots.abort('analysis', 'feature', 'examples', 'sample');
    const again = performance.now() - lastLoss < RECOVER_AGAIN_MS;
    lastLoss = performance.now();
    if (again) {
      set({ phase: 'failed', failure: trouble });
      return;
    }
    set({ notes: [...get().notes, 'The GPU stopped and was started again; nothing was lost.'] });
    void load();
  }

  async function load(): Promise<void> {
    const signal = slots.newest('load');
    slots.abort('analysis');
    set({ phase: 'loading', failure: undefined, salvage: undefined, progress: undefined });
    try {
      engine ??= startEngine(onTrouble, () => {
        // A worker whose script failed answers nothing: the next try starts another.
        engine = undefined;
      });
      const { model, dictionary } = get().view;
      const opened = await engine.open(
        { model, dictionary: dictionary === '' ? undefined : dictionary },
        { signal, onProgress: (progress) => !signal.aborted && set({ progress }) },
      );
      if (signal.aborted) return;
      set({ phase: 'ready', opened, ...freshFeatures(opened.dictionary?.digest) });
      update({ model: opened.model.id, dictionary: opened.dictionary?.id ?? '' }, 'replace');
      await Promise.all([read(), loadFeature()]);
    } catch (thrown) {
      const failure = FacetError.from(thrown);
      if (!signal.aborted) set({ phase: 'failed', failure });
    }
  }

  /** What belongs to one dictionary and is not carried over to another. */
  function freshFeatures(digest: string | undefined): Partial<PageState> {
    slots.abort('analysis', 'feature', 'examples', 'sample');
    asked.clear();
    const statistics = digest === undefined ? undefined : samples.get(digest);
    const none = { analysis: undefined, card: undefined, examples: undefined, sampling: undefined };
    return { ...none, statistics, labels: {} };
  }

  async function read(): Promise<void> {
    if (!engine || get().phase !== 'ready') return;
    const client = engine;
    const signal = slots.newest('analysis');
    set({ analysing: true });
    try {
      const { text, windowStart } = get().view;
      const split = splitting.then(() =>
        signal.aborted ? undefined : client.tokenize({ text, windowStart }),
      );
      splitting = split.catch(() => {});
      const tokenized = await split;
      if (!tokenized || signal.aborted) return;
      set({ tokenized });
      const { profile } = get();
      const request = { text, windowStart, nextTokens: NEXT_TOKENS, profile };
      const analysis = await client.analyze(request, { signal });
      if (signal.aborted) return;
      set({ analysis, analysing: false });
      settle(analysis);
    } catch (thrown) {
      if (!signal.aborted) set({ analysing: false });
      report(thrown, signal);
    }
  }

  /** Fits the view to what was computed, and compares it with what a link said to expect. */
  function settle(analysis: Analysis): void {
    const { view } = get();
    const last = positionOf(analysis, analysis.tokens.length - 1);
    const { modelDigest, dictionaryDigest, expect } = promised;
    promised = {};
    const notes: string[] = [];
    if (modelDigest && modelDigest !== analysis.modelDigest)
      notes.push('The link was made with other model weights; its numbers may differ.');
    if (dictionaryDigest && dictionaryDigest !== analysis.dictionaryDigest)
      notes.push('The link was made with another dictionary; its numbers may differ.');
    if (notes.length === 0 && expect && !agrees(analysis, expect))
      notes.push('The numbers here differ from those the link was made with.');
    if (notes.length > 0) set({ notes: [...new Set([...get().notes, ...notes])] });
    const beyond =
      view.active !== null && (view.active > last || (view.active === 0 && analysis.prefix === 0));
    const active = beyond ? null : view.active;
    update(
      {
        active,
        selection: view.selection.filter(([, to]) => to <= last),
        windowStart: analysis.windowStart,
        modelDigest: analysis.modelDigest,
        dictionaryDigest: analysis.dictionaryDigest || undefined,
        expect: expectation(analysis, active ?? last),
      },
      'replace',
    );
  }

  async function loadFeature(): Promise<void> {
    const { feature } = get().view;
    const signal = slots.newest('feature');
    slots.abort('examples');
    set({ card: undefined, examples: undefined });
    if (feature === null || !engine || !get().opened?.dictionary) return;
    try {
      const card = await engine.feature(feature, { signal });
      if (signal.aborted) return;
      set({ card });
      void get().wantLabels([feature, ...card.neighbours.map(({ index }) => index)]);
      if (get().statistics) await loadExamples();
      else if (!get().sampling) void sample(SAMPLE_ITEMS);
    } catch (thrown) {
      const problem = FacetError.from(thrown);
      // A link may name a feature this dictionary does not have: say so, and close the panel.
      if (problem.code === 'bad-input' && !signal.aborted) update({ feature: null }, 'replace');
      report(thrown, signal);
    }
  }

  async function loadExamples(): Promise<void> {
    const { statistics, view } = get();
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

  /** @returns whether the dictionary of that id is now the current one */
  async function switchDictionary(id: string): Promise<boolean> {
    if (!engine) return false;
    const signal = slots.newest('load');
    try {
      const onProgress = (switching: Progress): void => {
        if (!signal.aborted) set({ switching });
      };
      const dictionary = await engine.useDictionary(id, { signal, onProgress });
      if (signal.aborted) return false;
      const { opened } = get();
      set({ opened: opened && { ...opened, dictionary }, ...freshFeatures(dictionary.digest) });
      return true;
    } catch (thrown) {
      report(thrown, signal);
      return false;
    } finally {
      if (!signal.aborted) set({ switching: undefined });
    }
  }

  /** Goes to the view of the address bar, reloading only what differs. */
  async function follow(): Promise<void> {
    const turn = ++followed;
    const before = get().view;
    let view: ViewState;
    try {
      const link = await address.read();
      if (turn !== followed) return;
      view = link.view;
      promised = view;
      set({ view, notes: link.notes, failure: undefined, salvage: undefined });
    } catch (thrown) {
      const salvage = await salvageLink(location.hash);
      if (turn !== followed) return;
      slots.abort('load', 'analysis');
      set({ phase: 'bad-link', failure: badLink(thrown), salvage });
      return;
    }
    slots.abort('analysis');
    const { phase, opened } = get();
    // Names left out of a link stand for the first of the catalogue, not for what is open.
    if (phase !== 'ready' || !opened || view.model !== opened.model.id) return load();
    const dictionary = view.dictionary || (opened.dictionaries[0]?.id ?? '');
    const changed = dictionary !== (opened.dictionary?.id ?? '');
    if (changed) {
      const switched = await switchDictionary(dictionary);
      if (turn !== followed) return;
      if (!switched) update({ dictionary: opened.dictionary?.id ?? '' }, 'replace');
    }
    const reread = changed || view.text !== before.text || view.windowStart !== before.windowStart;
    if (reread || get().analysing) void read();
    if (changed || view.feature !== before.feature) void loadFeature();
  }

  return {
    phase: 'loading',
    view: defaultView,
    notes: [],
    labels: {},
    analysing: false,
    profile: false,
    search: '',

    async start() {
      addEventListener('popstate', () => {
        if (!address.isOwn) void follow();
      });
      await follow();
    },
    cancelLoading() {
      slots.abort('load');
      set({ phase: 'failed', failure: new FacetError('cancelled', 'Loading was stopped.') });
    },
    retry: load,
    async leaveLink(what) {
      const { salvage } = get();
      set(
        what === 'salvage' && salvage
          ? { view: salvage.view, notes: salvage.notes }
          : { view: defaultView, notes: [] },
      );
      promised = {};
      address.write('push');
      // Whatever was open may not be what this view names.
      await load();
    },
    setText(text) {
      const cut = text.slice(0, MAX_TEXT);
      const note = `The text was cut after ${MAX_TEXT.toLocaleString('en')} characters.`;
      promised = {};
      set({ notes: cut === text ? [] : [note], problem: undefined });
      update({ text: cut, active: null, selection: [], windowStart: 0, expect: undefined }, 'replace');
      void read();
    },
    setWindow(windowStart) {
      update({ windowStart, expect: undefined }, 'replace');
      void read();
    },
    select(row, extend = false) {
      const { analysis, view } = get();
      if (row === null || !analysis) return update({ active: null, selection: [] }, 'replace');
      const position = positionOf(analysis, row);
      if (extend && view.active !== null) {
        const range: [number, number] = [Math.min(view.active, position), Math.max(view.active, position)];
        return update({ selection: [range] }, 'replace');
      }
      // While a newer text is being read, these numbers are not the ones its link should promise.
      const expect = get().analysing ? undefined : expectation(analysis, position);
      update({ active: position, selection: [], expect }, 'replace');
    },
    openFeature(feature) {
      if (feature === get().view.feature) return;
      update({ feature });
      void loadFeature();
    },
    togglePin(feature) {
      const { pins } = get().view;
      const without = pins.filter((pin) => pin !== feature);
      if (without.length === pins.length && pins.length >= MAX_PINS) return;
      update({ pins: without.length < pins.length ? without : [...pins, feature] }, 'replace');
    },
    change: (part) => update(part, 'replace'),
    setSearch: (search) => set({ search }),
    async chooseDictionary(id) {
      if (!(await switchDictionary(id))) return;
      update({ dictionary: id, dictionaryDigest: undefined, feature: null, pins: [], expect: undefined });
      await read();
    },
    async wantLabels(features) {
      const { opened } = get();
      const missing = features.filter((feature) => !asked.has(feature));
      if (!engine || missing.length === 0) return;
      for (const feature of missing) asked.add(feature);
      try {
        const found = await engine.labels(missing);
        if (get().opened?.dictionary?.digest !== opened?.dictionary?.digest) return;
        const added = Object.fromEntries(found.map((label) => [label.index, label]));
        set({ labels: { ...get().labels, ...added } });
      } catch (thrown) {
        for (const feature of missing) asked.delete(feature);
        report(thrown);
      }
    },
    sample,
    cancelSample() {
      slots.abort('sample');
      set({ sampling: undefined });
      void loadExamples();
    },
    setProfile(profile) {
      set({ profile });
      if (profile) void read();
    },
    dismissNotes: () => set({ notes: [] }),
    dismissProblem: () => set({ problem: undefined }),
    link: () => address.link(),
    diagnostics() {
      if (!engine) return Promise.reject(new FacetError('bug', 'The engine has not started.'));
      return engine.diagnostics();
    },
  };
});
