import { create } from 'zustand';
import type { EffectInfo, Progress, Sweep, SweepRequest } from '../engine/protocol.ts';
import { FacetError } from '../shared/errors.ts';
import { runningEngine } from './engine.ts';
import { SAMPLE_SEED } from './scans.ts';
import type { PageState } from './page-state.ts';
import { MAX_STEPS, type RecipeStep } from './recipe.ts';
import { setSteps } from './recipe-edits.ts';
import { withAmount } from './recipe-steps.ts';
import { Slots } from './slots.ts';
import { askedOf, samplingOf } from './steering-request.ts';
import { usePage } from './store.ts';

export const MOST_STRENGTHS = 32;
/** In `view.effect`: the mean activation of the swept feature itself. */
export const FEATURE_EFFECT = 'feature';

export interface SweepSettings {
  /** Strengths swept, evenly: in units of the step's unit, or factors. */
  from: number;
  to: number;
  count: number;
  /** What is continued. */
  where: 'text' | 'storyworld';
  /** Storyworld beginnings. */
  items: number;
  /** Continuations of each. */
  samples: number;
  tokens: number;
}
/** Bounds of each setting. */
export const LIMITS = {
  from: { least: -1000, most: 1000 },
  to: { least: -1000, most: 1000 },
  count: { least: 2, most: MOST_STRENGTHS },
  items: { least: 1, most: 256 },
  samples: { least: 1, most: 64 },
  tokens: { least: 1, most: 256 },
} as const;

/** A step whose amount can be swept. */
export type SweptStep = Extract<RecipeStep, { kind: 'add' | 'clamp' | 'scale' }>;
export const canBeSwept = (step: RecipeStep): step is SweptStep =>
  step.kind === 'add' || step.kind === 'clamp' || step.kind === 'scale';
const identity = (step: RecipeStep): string => {
  const { off: _, ...on } = step;
  return JSON.stringify(withAmount(on, 0));
};

export interface SweptResult {
  /** What it was asked with; see `sweepKey`. */
  key: string;
  step: SweptStep;
  /** Without the rest of the recipe. */
  alone: boolean;
  settings: SweepSettings;
  /** Partial while it runs, and where it was stopped. */
  sweep: Sweep;
}

interface SweepState {
  settings: SweepSettings;
  /** Every property there is to count; absent until known. */
  effects?: EffectInfo[];
  result?: SweptResult;
  running?: Progress;
  stopped?: boolean;
  failure?: FacetError;
  /** Strength of the point that is looked at. */
  chosen?: number;
}

interface SweepActions {
  loadEffects: () => Promise<void>;
  configure: (part: Partial<SweepSettings>) => void;
  /** Sweeps the view's step within the recipe. @param alone this one instead, by itself */
  run: (alone?: SweptStep) => Promise<void>;
  stop: () => void;
  choose: (strength: number) => void;
  /** Gives the swept step of the recipe this amount, and adds it where it is not in the recipe. */
  give: (amount: number) => void;
}

/** The step the view sweeps: the one it names, or the first that can be. */
export function sweptStep({ steer, swept }: Pick<PageState['view'], 'steer' | 'swept'>): number | undefined {
  if (swept !== null && steer[swept] && canBeSwept(steer[swept])) return swept;
  const first = steer.findIndex((step) => canBeSwept(step) && !step.off);
  return first >= 0 ? first : undefined;
}

export function strengthsOf({ from, to, count }: SweepSettings): number[] {
  const [low, high] = [Math.min(from, to), Math.max(from, to)];
  const step = (high - low) / Math.max(1, count - 1);
  // Without digits that only rounding brings.
  return Array.from({ length: count }, (_, i) => Number((low + i * step).toFixed(6)));
}

/**
 * What the numbers of a sweep hang on; undefined when there is nothing to sweep. The amount of the swept step itself is not
 * part of it.
 */
export function sweepKey(
  { view, opened, analysis }: Pick<PageState, 'view' | 'opened' | 'analysis'>,
  settings: SweepSettings,
  alone?: SweptStep,
): string | undefined {
  const at = sweptStep(view);
  if (!opened || (at === undefined && !alone)) return undefined;
  const steps = alone
    ? [identity(alone)]
    : view.steer.flatMap((step, i) => (i === at ? [identity(step)] : step.off ? [] : JSON.stringify(step)));
  const place = alone ? 0 : view.steer.slice(0, at).filter(({ off }) => !off).length;
  return JSON.stringify([
    opened.model.digest,
    view.storage,
    opened.dictionary?.prefix ?? analysis?.prefix,
    samplingOf(view),
    settings,
    settings.where === 'text' ? view.text : '',
    steps,
    place,
  ]);
}

/** What a step does to texts, over strengths. */
export const useSweep = create<SweepState & SweepActions>()((set, get) => {
  const slots = new Slots<'sweep' | 'effects'>();

  async function requestOf(steps: readonly RecipeStep[], swept: number): Promise<SweepRequest> {
    const { view, analysis } = usePage.getState();
    const { settings } = get();
    const rows = { prefix: analysis?.prefix ?? 0, windowStart: 0 };
    // One at a time: those on tokens that are not there are left out, and the swept one keeps its place.
    const asked = await Promise.all(steps.map(async (step) => (await askedOf([step], rows))[0]));
    const own = asked[swept];
    if (!own)
      throw new FacetError('bad-input', 'The swept step is on no token that is read.', {
        hint: 'Give the step another scope, such as generated tokens.',
      });
    const interventions = asked.filter((step) => step !== undefined);
    return {
      prompts:
        settings.where === 'text'
          ? { kind: 'text', texts: [view.text] }
          : { kind: 'storyworld', seed: SAMPLE_SEED, items: settings.items },
      interventions,
      index: interventions.indexOf(own),
      strengths: strengthsOf(settings),
      sampling: samplingOf(view),
      tokens: settings.tokens,
      samples: settings.samples,
    };
  }

  // Texts of one model say nothing of another's.
  usePage.subscribe(({ opened, phase }, { opened: before }) => {
    if (opened?.model.digest !== before?.model.digest) {
      slots.abort('sweep');
      set({ result: undefined, running: undefined, failure: undefined, stopped: false, chosen: undefined });
    } else if (phase === 'loading' && get().running) {
      // The device was lost, and what it worked on with it: what is measured stays.
      slots.abort('sweep');
      set({ running: undefined, stopped: true });
    }
  });

  return {
    settings: { from: -2, to: 4, count: 7, where: 'storyworld', items: 6, samples: 2, tokens: 24 },
    async loadEffects() {
      const engine = runningEngine();
      if (!engine || get().effects) return;
      const signal = slots.newest('effects');
      try {
        const effects = await engine.steer.effects();
        if (!signal.aborted) set({ effects });
      } catch (thrown) {
        const failure = FacetError.from(thrown);
        if (!signal.aborted && failure.code !== 'cancelled') set({ failure });
      }
    },
    configure: (part) => set({ settings: { ...get().settings, ...part } }),
    async run(alone) {
      const engine = runningEngine();
      const page = usePage.getState();
      const { settings } = get();
      const key = sweepKey(page, settings, alone);
      const at = sweptStep(page.view);
      const step = alone ?? page.view.steer[at ?? -1];
      if (!engine || key === undefined || !step || !canBeSwept(step)) return;
      const on = page.view.steer.filter((other) => !other.off || other === step);
      const signal = slots.newest('sweep');
      const first: Progress = { phase: 'steer', what: 'texts', done: 0, total: 0, unit: 'steps' };
      set({ running: first, failure: undefined, stopped: false, result: undefined, chosen: undefined });
      void get().loadEffects();
      const keep = (sweep: Sweep): void => {
        if (!signal.aborted) set({ result: { key, step, alone: alone !== undefined, settings, sweep } });
      };
      try {
        // Swept, a step is on.
        const { off: _, ...swept } = step;
        const steps = alone ? [swept] : on.map((other) => (other === step ? swept : other));
        const request = await requestOf(steps, alone ? 0 : on.indexOf(step));
        if (signal.aborted) return;
        keep(
          await engine.steer.sweep(request, {
            signal,
            onProgress: (running) => !signal.aborted && set({ running }),
            onPartial: keep,
          }),
        );
        if (signal.aborted) return;
        // Reports come by a way of their own, and may come late.
        slots.abort('sweep');
        set({ running: undefined });
      } catch (thrown) {
        if (signal.aborted) return;
        const failure = FacetError.from(thrown);
        const lost = failure.code === 'device-lost' || failure.code === 'cancelled';
        set({ running: undefined, ...(lost ? { stopped: true } : { failure, result: undefined }) });
      }
    },
    stop() {
      slots.abort('sweep');
      set({ running: undefined, stopped: true });
    },
    choose: (chosen) => set({ chosen }),
    give(amount) {
      const { result } = get();
      const { view } = usePage.getState();
      if (!result) return;
      const own = identity(result.step);
      const at = view.steer.findIndex((step) => identity(step) === own);
      const step = withAmount(result.step, amount);
      if (at < 0 && view.steer.length >= MAX_STEPS) return;
      const { off: _, ...on } = step;
      setSteps(at < 0 ? [...view.steer, on] : view.steer.with(at, on));
    },
  };
});
