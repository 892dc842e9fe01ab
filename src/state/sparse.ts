import { create } from 'zustand';
import type {
  Analysis,
  AttentionTimes,
  AttentionTimesRequest,
  PatternInfo,
  Progress,
  SparsifiedText,
  SparsifyRequest,
} from '../engine/protocol.ts';
import { FacetError } from '../shared/errors.ts';
import { runningEngine } from './engine.ts';
import type { PageState } from './page-state.ts';
import { Slots } from './slots.ts';
import { usePage } from './store.ts';
import { MAX_SPARSE, type SparseChoice, type ViewState } from './view-state.ts';

/** Lengths and shares of blocks at which the attention kernel is timed. */
export const TIMED: AttentionTimesRequest = {
  lengths: [256, 512, 1024],
  densities: [1, 0.75, 0.5, 0.25, 0.1],
};

/** A text under sparse patterns, beside the reading of that same text with dense attention. */
export interface SparseResult {
  analysis: Analysis;
  sparse: SparsifiedText;
}

export const USUAL_BUDGET = 0.5;

interface SparseState {
  /** Every attention pattern there is; absent until asked for. */
  patterns?: PatternInfo[];
  /** The text under the patterns of the view, as last computed; it may lag behind the view while `running`. */
  result?: SparseResult;
  running?: Progress;
  problem?: FacetError;
  /** The visitor stopped it; it begins again with the next change. */
  stopped: boolean;
  times?: AttentionTimes;
  timing?: Progress;
  timesProblem?: FacetError;
}

interface SparseActions {
  /** Computes anew whenever what it depends on changes; the newest wins. @returns ends it */
  follow: () => () => void;
  stop: () => void;
  /** Again, after a stop or a failure. */
  again: () => void;
  measureTimes: () => Promise<void>;
  stopTimes: () => void;
}

/** What is lost when attention is sparse: asked while the part of the Heads view that shows it is open. */
export const useSparse = create<SparseState & SparseActions>()((set, get) => {
  const slots = new Slots<'patterns' | 'run' | 'times'>();
  /** What the run under way, or the last one, was of; empty when the next look must begin anew. */
  let asked = '';

  function look(page: PageState): void {
    const { phase, analysis, analysing, view } = page;
    if (phase !== 'ready' || !analysis || analysing) {
      // The rows of a result belong to a text that is being read again.
      slots.abort('run');
      if (asked !== '') set({ running: undefined });
      asked = '';
      return;
    }
    const request = sparsifyRequest(view);
    const key = request ? JSON.stringify([request, analysis.modelDigest, analysis.dictionaryDigest]) : 'none';
    if (key === asked) return;
    asked = key;
    slots.abort('run');
    if (request) void run(request, analysis);
    else set({ result: undefined, running: undefined, problem: undefined, stopped: false });
  }

  async function run(request: SparsifyRequest, analysis: Analysis): Promise<void> {
    const signal = slots.newest('run');
    const engine = runningEngine();
    if (!engine) return;
    const first: Progress = { phase: 'heads', what: 'layers', done: 0, total: 0, unit: 'steps' };
    set({ running: first, problem: undefined, stopped: false });
    try {
      const onProgress = (running: Progress): void => {
        if (!signal.aborted) set({ running });
      };
      const sparse = await engine.heads.sparsify(request, { signal, onProgress });
      if (!signal.aborted) set({ result: { analysis, sparse }, running: undefined });
    } catch (thrown) {
      if (signal.aborted) return;
      // A figure of before must not stand beside the reason why there is none.
      set({ problem: FacetError.from(thrown), running: undefined, result: undefined });
    }
  }

  async function loadPatterns(): Promise<void> {
    const engine = runningEngine();
    if (get().patterns || !engine) return;
    const signal = slots.newest('patterns');
    try {
      const patterns = await engine.heads.patterns();
      if (!signal.aborted) set({ patterns });
    } catch (thrown) {
      if (!signal.aborted) set({ problem: FacetError.from(thrown) });
    }
  }

  // Times are of the heads of one model.
  usePage.subscribe(({ opened }, { opened: before }) => {
    if (opened?.model.digest === before?.model.digest) return;
    slots.abort('times');
    set({ times: undefined, timing: undefined, timesProblem: undefined });
  });

  return {
    stopped: false,
    follow() {
      void loadPatterns();
      look(usePage.getState());
      const end = usePage.subscribe((page) => look(page));
      return () => {
        end();
        slots.abort('run', 'patterns');
        if (get().running) asked = '';
        set({ running: undefined });
      };
    },
    stop() {
      slots.abort('run');
      set({ running: undefined, stopped: true });
    },
    again() {
      asked = '';
      void loadPatterns();
      look(usePage.getState());
    },
    async measureTimes() {
      const engine = runningEngine();
      if (!engine) return;
      const signal = slots.newest('times');
      set({
        timing: { phase: 'heads', what: 'rounds', done: 0, total: 0, unit: 'steps' },
        timesProblem: undefined,
      });
      try {
        const onProgress = (timing: Progress): void => {
          if (!signal.aborted) set({ timing });
        };
        const times = await engine.heads.attentionTimes(TIMED, { signal, onProgress });
        if (!signal.aborted) set({ times, timing: undefined });
      } catch (thrown) {
        if (!signal.aborted) set({ timesProblem: FacetError.from(thrown), timing: undefined });
      }
    },
    stopTimes() {
      slots.abort('times');
      set({ timing: undefined });
    },
  };
});

/** Whether an assignment says something of a head. */
export function covers({ layer, heads }: SparseChoice, at: { layer: number; head: number }): boolean {
  return (layer === null || layer === at.layer) && (heads === null || heads.includes(at.head));
}

/** The head whose mask is drawn: the one the page is of, or the first of a layer's. */
export const shownHead = ({ layer, head }: Pick<ViewState, 'layer' | 'head'>) => ({
  layer: layer ?? 0,
  head: head ?? 0,
});

/** What the engine is asked for a view; `undefined` while no assignment is switched on. */
export function sparsifyRequest(view: ViewState): SparsifyRequest | undefined {
  const on = view.sparse.filter(({ off }) => !off);
  if (on.length === 0) return undefined;
  const shown = shownHead(view);
  return {
    text: view.text,
    windowStart: view.windowStart,
    blockSize: view.blockSize,
    assignments: on.map(({ layer, heads, pattern, budget, parameters }) => ({
      layer,
      heads,
      choice: { pattern, parameters, ...(budget !== undefined && { budget }) },
    })),
    masks: on.some((choice) => covers(choice, shown)) ? [shown] : [],
  };
}

/** Half the blocks where the pattern has a size, its usual parameters otherwise. */
export function usualChoice(
  { id, sizedBy }: PatternInfo,
  who: Pick<SparseChoice, 'layer' | 'heads'>,
): SparseChoice {
  return { ...who, pattern: id, parameters: {}, ...(sizedBy !== undefined && { budget: USUAL_BUDGET }) };
}

/** The list with one more, as long as a link can hold it. */
export function withChoice(sparse: readonly SparseChoice[], choice: SparseChoice): SparseChoice[] {
  return sparse.length < MAX_SPARSE ? [...sparse, choice] : [...sparse];
}
