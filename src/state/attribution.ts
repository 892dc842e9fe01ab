import { create, type StoreApi } from 'zustand';
import type { EngineClient } from '../engine/client.ts';
import type { Analysis, AttributionRecord, FileSet, HeadShares } from '../engine/protocol.ts';
import { FacetError } from '../shared/errors.ts';
import { keyOf, type Question, questionOf, requestOf, sameFeature, upTo } from './attribution-question.ts';
import { theEngine } from './engine.ts';
import { filesBehind } from './opening.ts';
import type { PageState } from './page-state.ts';
import { Slots } from './slots.ts';
import { usePage } from './store.ts';

/** Records of one reading that are kept, so that going back along a trail shows at once what was there. */
const MOST_KEPT = 40;

export interface Answer {
  question: Question;
  /** From the feature inward, one more than the trail has steps; `undefined` while not known. The last is always known. */
  levels: readonly (AttributionRecord | undefined)[];
}

export interface AttributionState {
  /** What was worked out last: of the feature and reading that are open, or nothing. */
  answer?: Answer;
  /** What is being worked out. */
  asked?: Question;
  /** Why there is no answer to what was asked last. */
  trouble?: FacetError;
  /** Of the current dictionary, once asked for. */
  shares?: HeadShares & { digest: string };
  sharesTrouble?: FacetError;
}

type Heads = Pick<EngineClient['heads'], 'attribute' | 'shares'>;

/** What the work needs of the rest of the page. */
interface Surroundings {
  page: Pick<StoreApi<PageState>, 'getState' | 'subscribe'>;
  heads: () => Heads;
  files: (reference: string) => Promise<string | FileSet | undefined>;
}

/**
 * Follows the page and asks the engine where a feature's activation comes from. The newest question wins; nothing is asked
 * while nobody watches.
 */
export function attributionWork(
  set: (part: Partial<AttributionState>) => void,
  get: () => AttributionState,
  { page, heads, files }: Surroundings,
) {
  const slots = new Slots<'attribution' | 'shares'>();
  let kept: { analysis?: Analysis; records: Map<string, AttributionRecord> } = { records: new Map() };

  function known(question: Question): AttributionRecord | undefined {
    return kept.analysis === question.analysis ? kept.records.get(keyOf(question)) : undefined;
  }

  function keep(question: Question, record: AttributionRecord): void {
    if (kept.analysis !== question.analysis) kept = { analysis: question.analysis, records: new Map() };
    // What is split by a dictionary too says all that the plain record says.
    for (const key of new Set([keyOf(question), keyOf({ ...question, upstream: '' })])) {
      kept.records.delete(key);
      kept.records.set(key, record);
    }
    for (const key of kept.records.keys()) {
      if (kept.records.size <= MOST_KEPT) break;
      kept.records.delete(key);
    }
  }

  async function found(reference: string): Promise<string | FileSet> {
    const behind = await files(reference);
    if (behind !== undefined) return behind;
    throw new FacetError('not-found', `The dictionary ${reference} is not on this device.`, {
      hint: 'Open it in the Models view first.',
    });
  }

  async function ask(question: Question, signal: AbortSignal): Promise<AttributionRecord> {
    const before = known(question);
    if (before) return before;
    const request = await requestOf(question, found);
    signal.throwIfAborted();
    const record = await heads().attribute(request, { signal });
    if (!signal.aborted) keep(question, record);
    return record;
  }

  async function follow(question: Question): Promise<void> {
    const signal = slots.newest('attribution');
    const levelsOf = (): Answer['levels'] =>
      Array.from({ length: question.trail.length + 1 }, (_, depth) => known(upTo(question, depth)));
    const { answer } = get();
    set({
      asked: question,
      trouble: undefined,
      // Numbers of another feature or text are not left standing under this one.
      answer: sameFeature(answer?.question, question) ? answer : undefined,
    });
    try {
      await ask(question, signal);
      if (signal.aborted) return;
      set({ answer: { question, levels: levelsOf() } });
      // What the steps before are worth: for the trail, and to go back to.
      for (let depth = question.trail.length - 1; depth >= 0; depth--) {
        await ask(upTo(question, depth), signal);
        if (signal.aborted) return;
        set({ answer: { question, levels: levelsOf() } });
      }
      set({ asked: undefined });
    } catch (thrown) {
      if (!signal.aborted) set({ asked: undefined, trouble: FacetError.from(thrown) });
    }
  }

  /**
   * Works out what the page asks for, and again whenever that changes.
   * @param part `feature` leaves the trail of the view out
   * @returns stops it, and what is under way
   */
  function watch(part: 'feature' | 'trail'): () => void {
    let last: Question | undefined;
    const look = (): void => {
      const question = questionOf(page.getState(), part);
      if (question && last && sameFeature(question, last) && keyOf(question) === keyOf(last)) return;
      if (!question && !last) return;
      last = question;
      if (question) void follow(question);
      else {
        slots.abort('attribution');
        set({ answer: undefined, asked: undefined, trouble: undefined });
      }
    };
    set({ answer: undefined, asked: undefined, trouble: undefined });
    look();
    const stop = page.subscribe(look);
    return () => {
      stop();
      slots.abort('attribution');
      set({ asked: undefined });
    };
  }

  /** Fetches how the current dictionary's decoder rows are spread over the heads, once for each dictionary. */
  function watchShares(): () => void {
    let asked: string | undefined;
    const look = (): void => {
      const { phase, opened } = page.getState();
      const dictionary = opened?.dictionary;
      if (phase !== 'ready' || !dictionary || dictionary.digest === asked) return;
      asked = dictionary.digest;
      if (get().shares?.digest !== asked) void fetchShares(dictionary.id, asked);
    };
    look();
    const stop = page.subscribe(look);
    return () => {
      stop();
      slots.abort('shares');
    };
  }

  async function fetchShares(dictionary: string, digest: string): Promise<void> {
    const signal = slots.newest('shares');
    set({ shares: undefined, sharesTrouble: undefined });
    try {
      const shares = await heads().shares(await found(dictionary), { signal });
      if (!signal.aborted) set({ shares: { ...shares, digest } });
    } catch (thrown) {
      if (!signal.aborted) set({ sharesTrouble: FacetError.from(thrown) });
    }
  }

  return { watch, watchShares };
}

/** Where the open feature's activation comes from, and how the current dictionary is spread over the heads. */
export const useAttribution = create<AttributionState>()(() => ({}));

export const attribution = attributionWork(useAttribution.setState, useAttribution.getState, {
  page: usePage,
  heads: () => theEngine().heads,
  files: (reference) => filesBehind('dictionary', reference),
});
