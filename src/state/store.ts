import { create } from 'zustand';
import { type EngineClient, startEngine } from '../engine/client.ts';
import type {
  Analysis,
  Diagnostics,
  Example,
  FeatureCard,
  OpenedModel,
  Progress,
  SampleStatistics,
  TokenizedText,
} from '../engine/protocol.ts';
import { FacetError } from '../shared/errors.ts';
import { decodeLink, encodeLink } from './link.ts';
import { defaultView, MAX_TEXT, type ViewState } from './view-state.ts';

export interface PageState {
  phase: 'loading' | 'ready' | 'failed' | 'bad-link';
  progress?: Progress;
  failure?: FacetError;
  opened?: OpenedModel;
  /** What the address bar says. */
  view: ViewState;
  notes: string[];
  tokenized?: TokenizedText;
  analysis?: Analysis;
  analysing: boolean;
  /** What went wrong with the last analysis; the page goes on. */
  problem?: FacetError;
  card?: FeatureCard;
  examples?: Example[];
  statistics?: SampleStatistics;
  sampling?: Progress;
  profile: boolean;
  search: string;
}

export interface PageActions {
  start(): Promise<void>;
  cancelLoading(): void;
  openDefault(): Promise<void>;
  setText(text: string): void;
  setWindow(start: number): void;
  /** Makes a position active; `extend` brushes from the active one to it. */
  select(position: number | null, extend?: boolean): void;
  openFeature(feature: number | null): void;
  change(part: Partial<ViewState>): void;
  setSearch(search: string): void;
  useDictionary(id: string): Promise<void>;
  sample(items: number): Promise<void>;
  cancelSample(): void;
  setProfile(profile: boolean): void;
  diagnostics(): Promise<Diagnostics>;
}

export const SAMPLE_SEED = 1;
const NEXT_TOKENS = 12;

let engine: EngineClient | undefined;
let recovered = false;
const running: {
  load?: AbortController;
  analysis?: AbortController;
  feature?: AbortController;
  sample?: AbortController;
} = {};

/** Aborts the one before: the newest request wins. */
function newest(slot: keyof typeof running): AbortSignal {
  running[slot]?.abort();
  running[slot] = new AbortController();
  return running[slot].signal;
}

export const usePage = create<PageState & PageActions>()((set, get) => {
  let written = '';

  /** Writes the view to the address bar; a new history entry only for steps a visitor would go back to. */
  async function writeAddress(step: 'push' | 'replace'): Promise<void> {
    const fragment = await encodeLink(get().view);
    if (fragment === written) return;
    written = fragment;
    history[step === 'push' ? 'pushState' : 'replaceState'](null, '', fragment);
  }

  function update(part: Partial<ViewState>, step: 'push' | 'replace' = 'push'): void {
    set({ view: { ...get().view, ...part } });
    void writeAddress(step);
  }

  function onTrouble(trouble: FacetError): void {
    if (trouble.code !== 'device-lost' || recovered) {
      set(
        get().phase === 'ready' && trouble.code !== 'device-lost'
          ? { problem: trouble }
          : { phase: 'failed', failure: trouble },
      );
      return;
    }
    // Once by itself; after that the visitor decides.
    recovered = true;
    set({ notes: [...get().notes, 'The GPU stopped and was started again; nothing was lost.'] });
    void load();
  }

  async function load(): Promise<void> {
    const signal = newest('load');
    set({ phase: 'loading', failure: undefined, progress: undefined });
    try {
      engine ??= startEngine(onTrouble);
      const { model, dictionary } = get().view;
      const opened = await engine.open(
        { model, dictionary: dictionary === '' ? undefined : dictionary },
        { signal, onProgress: (progress) => set({ progress }) },
      );
      set({ phase: 'ready', opened, statistics: undefined, card: undefined, examples: undefined });
      update({ model: opened.model.id, dictionary: opened.dictionary?.id ?? '' }, 'replace');
      await read();
      if (get().view.feature !== null) await loadFeature();
    } catch (thrown) {
      const failure = FacetError.from(thrown);
      if (running.load?.signal === signal) set({ phase: 'failed', failure });
    }
  }

  async function read(): Promise<void> {
    if (!engine || get().phase !== 'ready') return;
    const signal = newest('analysis');
    const { view, profile } = get();
    set({ analysing: true });
    try {
      const tokenized = await engine.tokenize(view.text);
      if (signal.aborted) return;
      set({ tokenized });
      const request = { text: view.text, windowStart: view.windowStart, nextTokens: NEXT_TOKENS, profile };
      const analysis = await engine.analyze(request, { signal });
      if (signal.aborted) return;
      set({ analysis, problem: undefined, analysing: false });
      settle(analysis);
    } catch (thrown) {
      const problem = FacetError.from(thrown);
      if (!signal.aborted && problem.code !== 'cancelled') set({ problem, analysing: false });
    }
  }

  /** Fits the view to what was computed, and compares it with what a link said to expect. */
  function settle(analysis: Analysis): void {
    const { view } = get();
    const last = analysis.tokens.length - 1;
    const notes: string[] = [];
    if (view.modelDigest && view.modelDigest !== analysis.modelDigest)
      notes.push('The link was made with other model weights; its numbers may differ.');
    if (view.dictionaryDigest && view.dictionaryDigest !== analysis.dictionaryDigest) {
      notes.push('The link was made with another dictionary; its numbers may differ.');
    }
    if (notes.length === 0 && view.expect && !agrees(analysis, view.expect))
      notes.push('The numbers here differ from those the link was made with.');
    set({ notes: [...new Set([...get().notes, ...notes])] });
    const active = view.active !== null && view.active > last ? null : view.active;
    update(
      {
        active,
        selection: view.selection.filter(([, to]) => to <= last),
        windowStart: analysis.windowStart,
        modelDigest: analysis.modelDigest,
        dictionaryDigest: analysis.dictionaryDigest || undefined,
        expect: expectation(analysis, active),
      },
      'replace',
    );
  }

  async function loadFeature(): Promise<void> {
    const { feature } = get().view;
    const signal = newest('feature');
    set({ card: undefined, examples: undefined });
    if (feature === null || !engine) return;
    try {
      const card = await engine.feature(feature, { signal });
      if (signal.aborted) return;
      set({ card });
      await loadExamples(signal);
    } catch (thrown) {
      const problem = FacetError.from(thrown);
      if (!signal.aborted && problem.code !== 'cancelled') set({ problem });
    }
  }

  async function loadExamples(signal: AbortSignal): Promise<void> {
    const { statistics, view } = get();
    if (!statistics || view.feature === null || !engine) return;
    const { item, perFeature } = statistics.examples;
    const items = [...item.subarray(view.feature * perFeature, (view.feature + 1) * perFeature)].filter(
      (found) => found !== 0xffffffff,
    );
    const examples = await engine.examples(
      { feature: view.feature, seed: statistics.seed, items },
      { signal },
    );
    if (!signal.aborted) set({ examples });
  }

  async function openLink(): Promise<boolean> {
    try {
      const link = await decodeLink(location.hash);
      const notes = [...(link?.notes ?? [])];
      if (link?.longText) notes.push('The prompt was too long for a link and is not in it.');
      set({ view: link?.view ?? defaultView, notes, failure: undefined });
      return true;
    } catch (thrown) {
      set({ phase: 'bad-link', failure: FacetError.from(thrown) });
      return false;
    }
  }

  return {
    phase: 'loading',
    view: defaultView,
    notes: [],
    analysing: false,
    profile: false,
    search: '',

    async start() {
      addEventListener('popstate', () => {
        if (location.hash === written) return;
        void openLink().then((ok) => (ok ? load() : undefined));
      });
      if (await openLink()) await load();
    },
    cancelLoading() {
      running.load?.abort();
      set({ phase: 'failed', failure: new FacetError('cancelled', 'Loading was stopped.') });
    },
    async openDefault() {
      const keep = get().phase === 'bad-link' ? defaultView : get().view;
      set({ view: keep, notes: [] });
      await load();
    },
    setText(text) {
      const cut = text.slice(0, MAX_TEXT);
      const notes =
        cut === text ? [] : [`The text was cut after ${MAX_TEXT.toLocaleString('en')} characters.`];
      set({ notes });
      update({ text: cut, active: null, selection: [], windowStart: 0, expect: undefined }, 'replace');
      void read();
    },
    setWindow(windowStart) {
      update({ windowStart, active: null, selection: [], expect: undefined }, 'replace');
      void read();
    },
    select(position, extend = false) {
      const { active } = get().view;
      if (position === null) return update({ active: null, selection: [] });
      if (extend && active !== null) {
        const range: [number, number] = active < position ? [active, position] : [position, active];
        return update({ selection: [range] }, 'replace');
      }
      const { analysis } = get();
      return update({ active: position, selection: [], expect: analysis && expectation(analysis, position) });
    },
    openFeature(feature) {
      update({ feature });
      void loadFeature();
    },
    change: (part) => update(part),
    setSearch: (search) => set({ search }),
    async useDictionary(id) {
      if (!engine) return;
      const signal = newest('load');
      try {
        const dictionary = await engine.useDictionary(id, {
          signal,
          onProgress: (progress) => set({ progress }),
        });
        const { opened } = get();
        set({
          opened: opened && { ...opened, dictionary },
          statistics: undefined,
          card: undefined,
          examples: undefined,
        });
        update({ dictionary: id, dictionaryDigest: undefined, feature: null, pins: [], expect: undefined });
        await read();
      } catch (thrown) {
        const problem = FacetError.from(thrown);
        if (problem.code !== 'cancelled') set({ problem });
      }
    },
    async sample(items) {
      if (!engine) return;
      const signal = newest('sample');
      set({ sampling: { phase: 'sample', what: 'Storyworld items', done: 0, total: items, unit: 'steps' } });
      try {
        const statistics = await engine.sample(
          { seed: SAMPLE_SEED, items },
          { signal, onProgress: (sampling) => !signal.aborted && set({ sampling }) },
        );
        set({ statistics, sampling: undefined });
        await loadExamples(newest('feature'));
      } catch (thrown) {
        const problem = FacetError.from(thrown);
        set(problem.code === 'cancelled' ? { sampling: undefined } : { sampling: undefined, problem });
      }
    },
    cancelSample() {
      running.sample?.abort();
    },
    setProfile(profile) {
      set({ profile });
      if (profile) void read();
    },
    diagnostics() {
      if (!engine) return Promise.reject(new FacetError('bug', 'The engine has not started.'));
      return engine.diagnostics();
    },
  };
});

/** The strongest feature at a position, rounded as links keep it. */
function expectation(analysis: Analysis, active: number | null): ViewState['expect'] {
  const position = active ?? analysis.tokens.length - 1;
  const at = analysis.codes.offsets[position];
  if (at === undefined || at >= (analysis.codes.offsets[position + 1] ?? 0)) return undefined;
  return {
    position,
    feature: analysis.codes.indices[at]!,
    value: Number(analysis.codes.values[at]!.toFixed(5)),
  };
}

/** Whether the expected feature has the expected value there, to 1e-4 of the larger of 1 and the value. */
function agrees(
  { codes }: Analysis,
  { position, feature, value }: NonNullable<ViewState['expect']>,
): boolean {
  for (let e = codes.offsets[position] ?? 0; e < (codes.offsets[position + 1] ?? 0); e++) {
    if (codes.indices[e] === feature)
      return Math.abs(codes.values[e]! - value) <= 1e-4 * Math.max(1, Math.abs(value));
  }
  return false;
}
