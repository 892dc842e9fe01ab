import { create, type StoreApi } from 'zustand';
import type { EngineClient } from '../engine/client.ts';
import type {
  CorpusReference,
  FeatureAbout,
  FeaturePartners,
  ScanExamples,
  ScanExamplesRequest,
  ScanStatistics,
} from '../engine/protocol.ts';
import { FacetError } from '../shared/errors.ts';
import { runningEngine } from './engine.ts';
import type { PageState } from './page-state.ts';
import { type ScansState, useScans } from './scans.ts';
import { Slots } from './slots.ts';
import { usePage } from './store.ts';

/** Something the page of a feature shows, and what it was worked out from. */
export interface Found<Value> {
  value?: Value;
  /** What `value` is of: see `FeaturePageState.asked`. */
  of: string;
  running: boolean;
  failure?: FacetError;
}

export interface FeaturePageState {
  /** Feature, dictionary, model, texts and how many of them were read. Empty while there is nothing to ask about. */
  asked: string;
  examples: Found<ScanExamples>;
  partners: Found<FeaturePartners>;
  about: Found<FeatureAbout>;
  /** More examples than are shown at first, where the adapter is slow. */
  more: boolean;
  /** How examples are shown. */
  whole: boolean;
  breaks: boolean;
}

type Part = 'examples' | 'partners' | 'about';

interface Surroundings {
  page: Pick<StoreApi<PageState>, 'getState' | 'subscribe'>;
  scans: Pick<StoreApi<Pick<ScansState, 'corpus'>>, 'getState' | 'subscribe'>;
  scan: () => Pick<EngineClient['scan'], 'examples' | 'partners' | 'about'> | undefined;
}

interface Question {
  corpus: CorpusReference;
  feature: number;
  /** Without how much was read. */
  base: string;
  key: string;
}

/** Examples asked for; a software adapter begins with fewer. */
const USUAL = { top: 20, intervals: 10, perInterval: 5 };
const FEW = { top: 8, intervals: 5, perInterval: 3 };
const NEAR_MISSES = 10;
const nothing = { of: '', running: false } as const;

/** Figures of the scan that the view is over. */
export const scanFigures = ({ statistics }: PageState): ScanStatistics | undefined => statistics;

/** What the page of the open feature asks about; nothing until something was read of the texts the view is over. */
function questionOf(page: PageState, corpus: CorpusReference | undefined): Question | undefined {
  const { opened, view, phase } = page;
  const statistics = scanFigures(page);
  const dictionary = opened?.dictionary;
  if (phase !== 'ready' || view.feature === null || !dictionary || !corpus || !statistics) return undefined;
  if (view.feature >= dictionary.dSae || statistics.dictionaryDigest !== dictionary.digest) return undefined;
  const base = [statistics.id, view.feature].join('/');
  return { corpus, feature: view.feature, base, key: `${base}/${statistics.items}` };
}

/** Asks about the open feature, once for everything that is read. The newest question wins. */
export function featurePageWork(
  set: (part: Partial<FeaturePageState>) => void,
  get: () => FeaturePageState,
  { page, scans, scan }: Surroundings,
) {
  const slots = new Slots<'page'>();
  let asked: Question | undefined;

  function put<Name extends Part>(name: Name, part: Partial<FeaturePageState[Name]>): void {
    set({ [name]: { ...get()[name], ...part } });
  }

  function look(): void {
    const state = page.getState();
    const question = questionOf(state, scans.getState().corpus);
    if (!question) {
      if (!asked) return;
      asked = undefined;
      slots.abort('page');
      set({ asked: '', examples: nothing, partners: nothing, about: nothing });
      return;
    }
    if (question.key === asked?.key) return;
    // While more is read, what is there stays, and is asked for anew once the reading rests.
    if (question.base === asked?.base && state.sampling) {
      set({ asked: question.key });
      return;
    }
    void ask(question);
  }

  async function ask(question: Question): Promise<void> {
    const engine = scan();
    if (!engine) return;
    const signal = slots.newest('page');
    const same = question.base === asked?.base;
    const standing = same && get().examples.value !== undefined;
    asked = question;
    const start = <Value>(before: Found<Value>): Found<Value> =>
      same ? { ...before, running: true, failure: undefined } : { ...nothing, running: true };
    const { examples, partners, about } = get();
    set({
      asked: question.key,
      examples: start(examples),
      partners: start(partners),
      about: start(about),
      ...(same ? {} : { more: false }),
    });
    const { corpus, feature, key } = question;
    const answered = async <Name extends Part>(
      name: Name,
      answer: Promise<NonNullable<FeaturePageState[Name]['value']>>,
      running = false,
    ): Promise<void> => {
      try {
        const value = await answer;
        if (!signal.aborted) put(name, { value, of: key, running } as Partial<FeaturePageState[Name]>);
      } catch (thrown) {
        if (signal.aborted) return;
        const failure = FacetError.from(thrown);
        // A lost device comes back, and with it the question.
        const lost = failure.code === 'device-lost' || failure.code === 'cancelled';
        put(name, { running: false, ...(lost ? {} : { failure }) } as Partial<FeaturePageState[Name]>);
        if (lost) asked = undefined;
      }
    };
    const request = { corpus, feature };
    const wanted: ScanExamplesRequest = { ...request, ...sizes() };
    const all = { ...wanted, nearMisses: NEAR_MISSES };
    // What is there already is replaced as a whole; else the first examples need not wait for near misses.
    await answered('examples', engine.examples(standing ? all : wanted, { signal }), !standing);
    if (signal.aborted || asked !== question || get().examples.failure) return;
    await Promise.all([
      answered('partners', engine.partners(request, { signal })),
      answered('about', engine.about(request, { signal })),
      // They go over texts beyond those of the examples, which are at hand by then.
      ...(standing ? [] : [answered('examples', engine.examples(all, { signal }))]),
    ]);
  }

  function sizes(): typeof USUAL {
    const software = page.getState().opened?.adapter.software ?? false;
    return software && !get().more ? FEW : USUAL;
  }

  return {
    /** Follows the open feature while its page is shown. @returns ends it */
    follow(): () => void {
      asked = undefined;
      look();
      const ends = [page.subscribe(look), scans.subscribe(look)];
      return () => {
        for (const end of ends) end();
        slots.abort('page');
        asked = undefined;
        const stopped = <Value>(found: Found<Value>): Found<Value> => ({ ...found, running: false });
        const { examples, partners, about } = get();
        set({ examples: stopped(examples), partners: stopped(partners), about: stopped(about) });
      };
    },
    /** Asks once more: after a failure, or for what was read since. */
    again(): void {
      const question = questionOf(page.getState(), scans.getState().corpus);
      if (question) void ask(question);
    },
    /** Asks for as many examples as a fast adapter shows at once. */
    showMore(): void {
      set({ more: true });
      if (asked) void ask(asked);
    },
  };
}

export const useFeaturePage = create<FeaturePageState>()(() => ({
  asked: '',
  examples: nothing,
  partners: nothing,
  about: nothing,
  more: false,
  whole: false,
  breaks: false,
}));

export const featurePage = featurePageWork(useFeaturePage.setState, useFeaturePage.getState, {
  page: usePage,
  scans: useScans,
  scan: () => runningEngine()?.scan,
});
