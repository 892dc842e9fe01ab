import { create } from 'zustand';
import type { Analysis, CompareRequest, Comparison, RowComparison } from '../engine/protocol.ts';
import { FacetError } from '../shared/errors.ts';
import { runningEngine } from './engine.ts';
import { filesBehind } from './opening.ts';
import type { PageState } from './page-state.ts';
import type { RecipeStep } from './recipe.ts';
import { rowOf } from './rows.ts';
import { Slots } from './slots.ts';
import { askedOf, promptOf } from './steering-request.ts';
import { usePage } from './store.ts';
import type { ViewState } from './view-state.ts';

/** Likely next tokens asked for each side; more than are shown, so that most of what one side shows the other knows. */
const NEXT_TOKENS = 24;
const MOVERS = 12;

/** What the view asks about its recipe. */
export interface SteerQuestion {
  /** The same key, the same answer. */
  key: string;
  /** The part of it that says which tokens are read: answers about others are not waited for. */
  about: string;
  /** The same with the row. */
  place: string;
  /** The text as it was read when it was asked. */
  analysis: Analysis;
  view: ViewState;
}

/** What a recipe does to the text it was asked of. */
export interface Compared {
  key: string;
  place: string;
  analysis: Analysis;
  /** The steps that were on. */
  steer: readonly RecipeStep[];
  chat: boolean;
  comparison: Comparison;
}

interface SteerState {
  /** Key of what the view asks now; empty while it asks nothing. */
  wanted: string;
  /** The newest answer; it is of an older question where its key is another. */
  result?: Compared;
  /** What a newer recipe than that of `result` makes of the row: comes first while a slider moves. */
  row?: RowComparison;
  running: boolean;
  problem?: FacetError;
}

interface SteerActions {
  /** Compares anew whenever the recipe, the text or the row changes. @returns ends it */
  follow: () => () => void;
  /** Once more, after a failure. */
  again: () => void;
}

/** The model with and without the recipe of the view: asked while the Steering view is open. */
export const useSteer = create<SteerState & SteerActions>()((set, get) => {
  const slots = new Slots<'compare'>();
  /** The newest question, and the one the engine is at. One at a time: those in between are never asked. */
  let newest: SteerQuestion | undefined;
  let flight: SteerQuestion | undefined;
  let seen: Pick<PageState, 'phase' | 'analysis' | 'analysing' | 'view'> | undefined;

  function stop(): void {
    slots.abort('compare');
    newest = undefined;
    flight = undefined;
  }

  function look({ phase, analysis, analysing, view, opened }: PageState): void {
    const before = seen;
    seen = { phase, analysis, analysing, view };
    // Most changes of the page are none of the view.
    if (before && keys(before).every((part) => before[part] === seen![part])) return;
    const question = questionOf({ phase, analysis, analysing, view, opened });
    const key = question?.key ?? '';
    if (key === get().wanted) return;
    set({ wanted: key });
    if (!question) {
      stop();
      const bare = view.steer.every(({ off }) => off);
      set({ running: false, problem: undefined, row: undefined, ...(bare && { result: undefined }) });
      return;
    }
    newest = question;
    // What is under way of the same text is done soon, and shown: a slider that moves on does not starve the bars.
    if (flight?.about === question.about) return;
    void run(question);
  }

  async function run(question: SteerQuestion): Promise<void> {
    const engine = runningEngine();
    if (!engine) return;
    const signal = slots.newest('compare');
    flight = question;
    set({ running: true, problem: undefined });
    try {
      const request = await requestOf(question);
      if (signal.aborted) return;
      if (get().result?.place === question.place) {
        const row = await engine.steer.compareRow(request, { signal });
        if (signal.aborted) return;
        set({ row });
        // The rest is worth its time once the slider rests.
        if (newest !== question && newest?.about === question.about) {
          void run(newest);
          return;
        }
      }
      const comparison = await engine.steer.compare(request, { signal });
      if (signal.aborted) return;
      const { key, place, analysis, view } = question;
      const steer = view.steer.filter(({ off }) => !off);
      set({
        result: { key, place, analysis, steer, chat: view.chat, comparison },
        row: undefined,
        problem: undefined,
      });
    } catch (thrown) {
      if (signal.aborted) return;
      const problem = FacetError.from(thrown);
      // After the GPU came back, or the model was opened anew, the same may be asked again.
      if (problem.code === 'device-lost' || problem.code === 'cancelled') {
        stop();
        seen = undefined;
        set({ wanted: '', running: false });
        return;
      }
      // A figure of before must not stand beside the reason why there is none.
      if (newest === question) set({ problem, result: undefined, row: undefined });
    }
    flight = undefined;
    if (newest && newest.key !== question.key) void run(newest);
    else set({ running: false });
  }

  return {
    wanted: '',
    running: false,
    follow() {
      look(usePage.getState());
      const end = usePage.subscribe(look);
      return () => {
        end();
        stop();
        seen = undefined;
        // An answer that is here stays; what was under way is asked again.
        set({ wanted: get().result?.key ?? '', running: false });
      };
    },
    again() {
      stop();
      seen = undefined;
      set({ wanted: '', problem: undefined });
      look(usePage.getState());
    },
  };
});

const keys = <Part extends object>(of: Part): (keyof Part)[] => Object.keys(of) as (keyof Part)[];

type Asking = Pick<PageState, 'phase' | 'analysis' | 'analysing' | 'view' | 'opened'>;

/** What is asked for a view; `undefined` while its text is being read, and without a step that is on. */
export function questionOf({ phase, analysis, analysing, view, opened }: Asking): SteerQuestion | undefined {
  const on = view.steer.filter(({ off }) => !off);
  if (phase !== 'ready' || analysing || !analysis || on.length === 0) return undefined;
  const { text, windowStart, chat, system, storage, frozen } = view;
  const { modelDigest, dictionaryDigest, prefix } = analysis;
  const about = JSON.stringify([modelDigest, storage ?? '', prefix, chat, chat ? system : windowStart, text]);
  const features = opened?.dictionary ? dictionaryDigest : '';
  const key = JSON.stringify([about, on, rowOfView(view, analysis) ?? -1, frozen, features]);
  const place = JSON.stringify([about, rowOfView(view, analysis) ?? -1]);
  return { key, about, place, analysis, view };
}

/** An answer with what follows its row as a newer recipe has it; everything else is still of the older. */
export function withRow(result: Compared, row: RowComparison | undefined): Compared {
  if (!row) return result;
  const { comparison } = result;
  const kl = comparison.steered.kl.slice();
  kl[comparison.row] = row.kl;
  const { next, movers } = row.steered;
  const steered = { ...comparison.steered, next, movers, kl };
  return { ...result, comparison: { ...comparison, steered } };
}

/** The chosen row; undefined stands for the last. Tokens of a chat are counted from its first, as those of a text. */
export function rowOfView(view: Pick<ViewState, 'active' | 'chat'>, analysis: Analysis): number | undefined {
  const { active, chat } = view;
  if (active === null) return undefined;
  return chat ? (active === 0 ? 0 : active - 1 + analysis.prefix) : rowOf(analysis, active);
}

async function requestOf({ view, analysis }: SteerQuestion): Promise<CompareRequest> {
  const windowStart = view.chat ? 0 : analysis.windowStart;
  const { prefix } = analysis;
  const features = analysis.dictionary === '' ? undefined : analysis.dictionary;
  const row = rowOfView(view, analysis);
  return {
    prompt: promptOf(view),
    windowStart,
    interventions: await askedOf(view.steer, { prefix, windowStart }),
    ...(row !== undefined && { row }),
    nextTokens: NEXT_TOKENS,
    movers: MOVERS,
    frozen: view.frozen,
    ...(features !== undefined && {
      features: (await filesBehind('dictionary', features)) ?? features,
    }),
  };
}
