import { create } from 'zustand';
import type { CorpusReference, KeptScan, Progress, ScanStatistics } from '../engine/protocol.ts';
import { FacetError } from '../shared/errors.ts';
import { runningEngine, theEngine } from './engine.ts';
import type { WorkingPage } from './feature-work.ts';
import type { PageState } from './page-state.ts';

/** Which texts the view is over and what is kept of scans; figures of the scan are `usePage().statistics`. */
export interface ScansState {
  /** What `view.over` names; undefined while it is being opened and where it is not on this device. */
  corpus?: CorpusReference;
  /** The view is over texts that are not on this device. */
  missing: boolean;
  /** Whether what is kept of them is still being looked up. */
  looking: boolean;
  kept: readonly KeptScan[];
  failure?: FacetError;
}

export interface ScansActions {
  /** Reads on, or anew; progress is `usePage().sampling`. */
  run: (anew?: boolean) => Promise<void>;
  /** Stops and keeps what there is. */
  pause: () => void;
  wantKept: () => Promise<void>;
  remove: (id: string) => Promise<void>;
  /** Shows features over other texts: see `corpusId`. */
  showOver: (corpus: string) => Promise<void>;
  /** Looks for the view's texts again, e.g. after they were added. */
  lookAgain: () => Promise<void>;
}

export const SAMPLE_SEED = 1;

/** Items of the sample features are first shown over: fewer on a software adapter, where 300 take most of a minute. */
export const firstSample = ({ opened }: Pick<PageState, 'opened'>): number =>
  opened?.adapter.software ? 100 : 300;

/** What the name of a Storyworld corpus says; see `corpusId`. */
export function storyworldOf(name: string): CorpusReference | undefined {
  const [, seed, items] = /^storyworld-(\d+)-(\d+)$/.exec(name) ?? [];
  return seed === undefined
    ? undefined
    : { kind: 'storyworld', seed: Number(seed), items: Math.max(1, Number(items)) };
}

/** Figures that stay at hand, so that going back and forth asks for each once. */
const MOST_AT_HAND = 4;

export interface ScanWork extends ScansActions {
  look: () => void;
  /** Until what is kept of the view's texts is known. */
  found: () => Promise<void>;
  /** The device was lost: a scan that was running goes on once the model is open again. */
  interrupt: () => void;
}

let work: ScanWork | undefined;
const ready = (): ScanWork => {
  if (work) return work;
  throw new FacetError('bug', 'scans were asked for before the page');
};

export const useScans = create<ScansState & ScansActions>()(() => ({
  missing: false,
  looking: false,
  kept: [],
  run: (anew) => ready().run(anew),
  pause: () => ready().pause(),
  wantKept: () => ready().wantKept(),
  remove: (id) => ready().remove(id),
  showOver: (corpus) => ready().showOver(corpus),
  lookAgain: () => ready().lookAgain(),
}));

/** The page's part of scans; the store makes it once, and calls `look` when anything changed. */
export function scanWork(page: WorkingPage & { afterwards: () => void }): ScanWork {
  const { get, set, slots } = page;
  const { getState: scans, setState: setScans } = useScans;
  const atHand = new Map<string, ScanStatistics>();
  /** Model, dictionary and texts that figures are of; empty while there are none to be had. */
  let key = '';
  let found: Promise<void> = Promise.resolve();
  /** Of the scan that a lost device ended. */
  let interrupted = '';

  function keyOf(): string {
    const { phase, opened, view } = get();
    const digest = phase === 'ready' && opened?.dictionary?.digest;
    return digest ? `${opened.model.digest}/${digest}/${view.over}` : '';
  }

  function look(): void {
    const now = keyOf();
    if (now === key) return;
    key = now;
    slots.abort('sample', 'examples');
    setScans({ corpus: undefined, missing: false, failure: undefined, looking: now !== '' });
    if (now === '') {
      if (get().sampling) set({ sampling: undefined });
      return;
    }
    set({ statistics: atHand.get(now), examples: undefined, sampling: undefined });
    found = find(now);
  }

  /** Opens the view's texts and shows what is kept of them. */
  async function find(now: string): Promise<void> {
    try {
      const corpus = await corpusOf(get().view.over);
      if (now !== key) return;
      setScans({ corpus, missing: !corpus });
      const kept = corpus && !atHand.has(now) && (await runningEngine()?.scan.load(corpus));
      if (now !== key) return;
      if (kept) keep(now, kept);
    } catch (thrown) {
      if (now === key) fail(thrown);
    } finally {
      if (now === key) setScans({ looking: false });
    }
    if (now !== key) return;
    if (interrupted === now) void run();
    else page.afterwards();
    interrupted = '';
  }

  async function corpusOf(over: string): Promise<CorpusReference | undefined> {
    if (over === '') return { kind: 'storyworld', seed: SAMPLE_SEED, items: firstSample(get()) };
    const generated = storyworldOf(over);
    if (generated) return generated;
    const { useCorpora } = await import('./corpora.ts');
    const files = await useCorpora.getState().openOwn(over.replace(/^own-/, ''));
    return files && { kind: 'own', files };
  }

  function keep(of: string, statistics: ScanStatistics): void {
    if (of !== key) return;
    atHand.delete(of);
    atHand.set(of, statistics);
    for (const other of atHand.keys()) if (atHand.size > MOST_AT_HAND) atHand.delete(other);
    set({ statistics });
    if (statistics.note !== undefined && !get().notes.includes(statistics.note))
      set({ notes: [...get().notes, statistics.note] });
  }

  function fail(thrown: unknown): void {
    const failure = FacetError.from(thrown);
    if (failure.code !== 'cancelled' && failure.code !== 'device-lost') setScans({ failure });
  }

  async function run(anew = false): Promise<void> {
    const of = key;
    if (of === '') return;
    const signal = slots.newest('sample');
    // At once, so that nobody begins it a second time.
    set({ sampling: { phase: 'scan', what: 'texts', done: 0, total: 0, unit: 'steps' } });
    await found;
    if (signal.aborted) return;
    const { corpus } = scans();
    const engine = runningEngine();
    if (!corpus || !engine) return set({ sampling: undefined });
    const total = corpus.kind === 'own' ? corpus.files.manifest.items : corpus.items;
    const done = anew ? 0 : (get().statistics?.items ?? 0);
    setScans({ failure: undefined });
    if (anew) {
      atHand.delete(of);
      set({ statistics: undefined, examples: undefined });
    }
    set({ sampling: { phase: 'scan', what: 'texts', done, total, unit: 'steps' } });
    const onPartial = (statistics: ScanStatistics): void => {
      if (!signal.aborted) keep(of, statistics);
    };
    const onProgress = (sampling: Progress): void => {
      if (!signal.aborted) set({ sampling });
    };
    try {
      const statistics = await engine.scan.run({ corpus, anew }, { signal, onProgress, onPartial });
      if (signal.aborted) return;
      keep(of, statistics);
      set({ sampling: undefined });
      page.afterwards();
      void wantKept();
    } catch (thrown) {
      if (signal.aborted) return;
      if (FacetError.from(thrown).code === 'device-lost') interrupted = of;
      set({ sampling: undefined });
      fail(thrown);
    }
  }

  /** What was read since the last partial result is asked for. */
  async function showKept(): Promise<void> {
    const of = key;
    const { corpus } = scans();
    const engine = runningEngine();
    if (!corpus || !engine) return;
    try {
      const kept = await engine.scan.load(corpus);
      // Another may have begun meanwhile.
      if (kept && !get().sampling) keep(of, kept);
    } catch (thrown) {
      if (of === key) fail(thrown);
    }
    page.afterwards();
    await wantKept();
  }

  function pause(): void {
    if (!get().sampling) return;
    slots.abort('sample');
    set({ sampling: undefined });
    void showKept();
  }

  async function wantKept(): Promise<void> {
    try {
      setScans({ kept: await theEngine().scan.kept() });
    } catch (thrown) {
      fail(thrown);
    }
  }

  async function remove(id: string): Promise<void> {
    const own = get().statistics?.id === id;
    if (own) {
      slots.abort('sample', 'examples');
      set({ sampling: undefined });
    }
    try {
      await theEngine().scan.remove(id);
      for (const [of, statistics] of atHand) if (statistics.id === id) atHand.delete(of);
      if (get().statistics?.id === id) set({ statistics: undefined, examples: undefined });
    } catch (thrown) {
      fail(thrown);
    }
    await wantKept();
  }

  async function showOver(over: string): Promise<void> {
    if (over !== get().view.over) page.update({ over }, 'push');
    look();
    await found;
  }

  async function lookAgain(): Promise<void> {
    key = '';
    look();
    await found;
  }

  work = {
    look,
    found: () => found,
    interrupt() {
      if (get().sampling) interrupted = key;
    },
    run,
    pause,
    wantKept,
    remove,
    showOver,
    lookAgain,
  };
  return work;
}
