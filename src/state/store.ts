import { create } from 'zustand';
import type { Analysis, DictionaryInfo, OpenedModel, Progress } from '../engine/protocol.ts';
import { FacetError } from '../shared/errors.ts';
import { Address, badLink } from './address.ts';
import { useBackend } from './backend.ts';
import { reached } from './cold-start.ts';
import { onEngineTrouble, runningEngine, theEngine } from './engine.ts';
import { broken, expectation, type Promised } from './expectation.ts';
import { featureWork, type SlotName } from './feature-work.ts';
import { salvageLink } from './link-salvage.ts';
import {
  dictionaryReference,
  filesBehind,
  meantDictionary,
  prepareOpening,
  withDictionary,
} from './opening.ts';
import type { PageActions, PageState, ViewNeeds } from './page-state.ts';
import { NO_DICTIONARY } from './reference.ts';
import { positionOf } from './rows.ts';
import { scanWork } from './scans.ts';
import { Slots } from './slots.ts';
import { defaultView, MAX_PINS, MAX_TEXT, type ViewState } from './view-state.ts';

const NEXT_TOKENS = 12;
/** A second loss of the GPU this soon after the first is left to the visitor. */
const RECOVER_AGAIN_MS = 60_000;

/** A trail begins at a feature on a token of a text: with another of them it leads nowhere. */
function withTrail(view: ViewState, part: Partial<ViewState>): ViewState {
  const next = { ...view, ...part };
  const kept = next.feature === view.feature && next.active === view.active && next.text === view.text;
  return kept || part.trail ? next : { ...next, trail: [] };
}

export const usePage = create<PageState & PageActions>()((set, get, store) => {
  const slots = new Slots<SlotName>();
  const address = new Address(() => get().view);
  /** What the followed link said to expect; compared once, with the first reading of its text. */
  let promised: Promised = {};
  /** Counts followed links: work begun for an older one does not touch the view of a newer. */
  let followed = 0;
  let lastLoss = -Infinity;
  let kept = false;
  let views: ViewNeeds = { needsModel: () => true, predicts: () => true };
  /** Whether the newest reading was asked what the model predicts. */
  let predicting = false;
  /** One text is split at a time; those that wait and are overtaken never are. */
  let splitting: Promise<unknown> = Promise.resolve();

  function update(part: Partial<ViewState>, step: 'push' | 'replace' = 'push'): void {
    if (step === 'push') address.flush();
    set({ view: withTrail(get().view, part) });
    address.write(step);
  }

  /** Shows what went wrong while the page goes on; a lost device and a cancelled call have their own ways. */
  function report(thrown: unknown, signal?: AbortSignal): void {
    const problem = FacetError.from(thrown);
    if (signal?.aborted || problem.code === 'cancelled' || problem.code === 'device-lost') return;
    set({ problem });
  }

  const working = { get, set, slots, update, report };
  const features = featureWork(working, () => scans.found());
  const scans = scanWork({ ...working, afterwards: () => void features.showOnTexts() });
  store.subscribe(scans.look);

  function interrupt(): void {
    scans.interrupt();
    slots.abort('analysis', 'feature', 'examples', 'sample');
  }

  function onTrouble(trouble: FacetError): void {
    if (trouble.code !== 'device-lost') {
      set(get().phase === 'ready' ? { problem: trouble } : { phase: 'failed', failure: trouble });
      return;
    }
    interrupt();
    const again = performance.now() - lastLoss < RECOVER_AGAIN_MS;
    lastLoss = performance.now();
    if (again) {
      slots.abort('load');
      set({ phase: 'failed', failure: trouble });
      return;
    }
    set({ notes: [...get().notes, 'The GPU stopped and was started again; nothing was lost.'] });
    void load();
  }

  /** @param first what has to be done before; the page says at once that it is loading */
  async function load(first?: Promise<void>): Promise<void> {
    const signal = slots.newest('load');
    slots.abort('analysis');
    set({ phase: 'loading', failure: undefined, salvage: undefined, progress: undefined, wanted: [] });
    try {
      await first;
      const { request, wanted } = await prepareOpening(get().view);
      if (signal.aborted) return;
      if (wanted.length > 0) {
        set({ phase: 'consent', wanted });
        return;
      }
      const found = await theEngine().open(request, {
        signal,
        onProgress: (progress) => !signal.aborted && set({ progress }),
      });
      if (signal.aborted) return;
      showOpened(withDictionary(found, found.dictionary));
      await Promise.all([read(), features.load()]);
      void keepForLater();
    } catch (thrown) {
      const failure = FacetError.from(thrown);
      if (!signal.aborted) set({ phase: 'failed', failure });
    }
  }

  /** Only once a model has been read: keeping the page takes nothing from the first view, nor from a doubtful link. */
  async function keepForLater(): Promise<void> {
    if (kept) return;
    kept = true;
    const { registerShell } = await import('../library/shell.ts');
    await registerShell((open) => set({ update: open }));
  }

  function showOpened(opened: OpenedModel): void {
    const before = get().opened;
    // What was used with this model stays on offer.
    const used = before?.model.id === opened.model.id ? before.dictionaries : [];
    const known = new Set(opened.dictionaries.map(({ id }) => id));
    const dictionaries = [...opened.dictionaries, ...used.filter(({ id }) => !known.has(id))];
    reached('modelReady');
    set({
      phase: 'ready',
      opened: { ...opened, dictionaries },
      ...features.fresh(),
    });
    update({ model: opened.model.id, dictionary: dictionaryReference(opened) }, 'replace');
    warn(opened.dictionary);
  }

  /** Says what a visitor should know of a dictionary before its features are believed. */
  function warn(dictionary: DictionaryInfo | undefined): void {
    const warning = dictionary?.warning;
    if (warning !== undefined) set({ notes: [...new Set([...get().notes, warning])] });
  }

  async function read(): Promise<void> {
    const client = runningEngine();
    if (!client || get().phase !== 'ready') return;
    const signal = slots.newest('analysis');
    const predictions = views.predicts(get().view.view);
    predicting = predictions;
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
      const request = { text, windowStart, nextTokens: NEXT_TOKENS, profile, predictions };
      const analysis = await client.analyze(request, { signal });
      if (signal.aborted) return;
      set({ analysis, analysing: false });
      reached('firstFeatures');
      settle(analysis);
    } catch (thrown) {
      // Numbers of another text are not left standing under this one.
      if (!signal.aborted) set({ analysing: false, analysis: undefined });
      report(thrown, signal);
    }
  }

  const lacksPredictions = (): boolean => views.predicts(get().view.view) && !predicting;

  /** Fits the view to what was computed, and compares it with what a link said to expect. */
  function settle(analysis: Analysis): void {
    const { view } = get();
    const last = positionOf(analysis, analysis.tokens.length - 1);
    const notes = broken(promised, analysis);
    promised = {};
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

  /** @returns whether the dictionary of that reference is now the current one */
  async function switchDictionary(reference: string): Promise<boolean> {
    const signal = slots.newest('load');
    try {
      const files = await filesBehind('dictionary', reference);
      if (signal.aborted) return false;
      if (!files) {
        set({ phase: 'consent', wanted: [{ role: 'dictionary', reference }] });
        return false;
      }
      const onProgress = (switching: Progress): void => {
        if (!signal.aborted) set({ switching });
      };
      const dictionary = await theEngine().useDictionary(files, { signal, onProgress });
      if (signal.aborted) return false;
      const { opened } = get();
      set({ opened: opened && withDictionary(opened, dictionary), ...features.fresh() });
      warn(dictionary);
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
    if (!views.needsModel(view.view)) {
      if (phase === 'bad-link') set({ phase: opened ? 'ready' : 'idle' });
      // A link to such a view says nothing of what is open.
      if (opened && view.model === '')
        update({ model: opened.model.id, dictionary: dictionaryReference(opened) }, 'replace');
      return;
    }
    // Names left out of a link stand for the first of the catalogue, not for what is open.
    const other = view.model !== opened?.model.id || view.storage !== before.storage;
    if (phase !== 'ready' || !opened || other) return load();
    const dictionary = meantDictionary(view, opened);
    const changed = dictionary !== dictionaryReference(opened);
    if (changed) {
      if (dictionary === '' || dictionary === NO_DICTIONARY) return load();
      const switched = await switchDictionary(dictionary);
      if (turn !== followed || get().phase === 'consent') return;
      if (!switched) update({ dictionary: dictionaryReference(opened) }, 'replace');
    }
    const reread =
      changed || view.text !== before.text || view.windowStart !== before.windowStart || lacksPredictions();
    if (reread || get().analysing) void read();
    if (changed || view.feature !== before.feature) void features.load();
  }

  return {
    phase: 'idle',
    wanted: [],
    view: defaultView,
    notes: [],
    labels: {},
    analysing: false,
    profile: false,
    search: '',

    async start(needs) {
      views = needs;
      onEngineTrouble(onTrouble);
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
      void features.load();
    },
    togglePin(feature) {
      const { pins } = get().view;
      const without = pins.filter((pin) => pin !== feature);
      if (without.length === pins.length && pins.length >= MAX_PINS) return;
      update({ pins: without.length < pins.length ? without : [...pins, feature] }, 'replace');
    },
    change: (part) => update(part, 'replace'),
    goTo(view, part) {
      update({ view, look: undefined, ...part });
      const { phase, opened, view: now } = get();
      const other = phase === 'ready' && now.model !== opened?.model.id;
      if (views.needsModel(view) && (phase === 'idle' || other)) void load();
      else if (lacksPredictions()) void read();
    },
    async open({ model, dictionary, storage }) {
      promised = {};
      const { view, opened } = get();
      update({
        ...view,
        view: defaultView.view,
        model,
        dictionary,
        storage,
        look: undefined,
        modelDigest: undefined,
        dictionaryDigest: undefined,
        windowStart: 0,
        active: null,
        selection: [],
        feature: null,
        pins: [],
        expect: undefined,
      });
      const same = get().phase === 'ready' && model === opened?.model.id && storage === view.storage;
      if (!same || dictionary === '' || dictionary === NO_DICTIONARY) return load();
      if (await switchDictionary(dictionary)) await read();
      // What stays open is what the address must name.
      else if (get().phase === 'ready') update({ dictionary: dictionaryReference(get().opened!) }, 'replace');
    },
    setSearch: (search) => set({ search }),
    async chooseDictionary(reference, step = 'push') {
      if (!(await switchDictionary(reference))) return;
      const part = { dictionary: reference, dictionaryDigest: undefined, expect: undefined };
      update({ ...part, feature: null, pins: [], trail: [] }, step);
      await read();
    },
    wantLabels: features.wantLabels,
    setProfile(profile) {
      set({ profile });
      if (profile) void read();
    },
    async computeOn(backend) {
      useBackend.getState().keepBackend(backend);
      interrupt();
      await load(runningEngine()?.useBackend(backend).catch(report));
    },
    dismissNotes: () => set({ notes: [] }),
    dismissProblem: () => set({ problem: undefined }),
    link: () => address.link(),
    diagnostics: () => theEngine().diagnostics(),
  };
});
