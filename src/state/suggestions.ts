import { create } from 'zustand';
import type { SuggestedLatent, Suggestions } from '../engine/protocol.ts';
import { FacetError } from '../shared/errors.ts';
import { runningEngine } from './engine.ts';
import { MAX_STEPS } from './recipe.ts';
import { setSteps } from './recipe-edits.ts';
import { Slots } from './slots.ts';
import type { SweptStep } from './steered-sweep.ts';
import { usePage } from './store.ts';

interface SuggestionsState {
  /** Digest of the model that `found` is about; undefined until asked. */
  of?: string;
  /** Absent where nobody measured. */
  found?: Suggestions;
  failure?: FacetError;
}

interface SuggestionsActions {
  /** Asks for those of every model that is opened. @returns ends it */
  follow: () => () => void;
  again: () => Promise<void>;
}

/** Latents of the open model whose effect on texts was measured beforehand. */
export const useSuggestions = create<SuggestionsState & SuggestionsActions>()((set, get) => {
  const slots = new Slots<'load'>();
  usePage.subscribe(({ opened }, { opened: before }) => {
    if (opened?.model.digest === before?.model.digest) return;
    slots.abort('load');
    set({ of: undefined, found: undefined, failure: undefined });
  });

  async function load(): Promise<void> {
    const engine = runningEngine();
    const { phase, opened } = usePage.getState();
    if (!engine || phase !== 'ready' || !opened || get().of === opened.model.digest) return;
    const signal = slots.newest('load');
    set({ of: opened.model.digest, failure: undefined });
    try {
      const found = await engine.steer.suggestions({ signal });
      if (!signal.aborted) set({ found });
    } catch (thrown) {
      if (signal.aborted) return;
      const failure = FacetError.from(thrown);
      const lost = failure.code === 'device-lost' || failure.code === 'cancelled';
      set(lost ? { of: undefined } : { failure });
    }
  }

  return {
    follow() {
      void load();
      return usePage.subscribe(() => void load());
    },
    again() {
      set({ of: undefined });
      return load();
    },
  };
});

/** As it was measured. */
export function suggestedStep({ dictionary, feature, strength, unit, scope }: SuggestedLatent): SweptStep {
  return { kind: 'add', dictionary, feature, strength, unit, scope: { kind: scope } };
}

/** Puts a suggestion into the recipe, in place of a step that adds the same feature there. */
export function takeSuggestion(latent: SuggestedLatent): void {
  const { steer } = usePage.getState().view;
  const step = suggestedStep(latent);
  const at = steer.findIndex(
    (other) =>
      other.kind === 'add' && other.dictionary === latent.dictionary && other.feature === latent.feature,
  );
  if (at >= 0) setSteps(steer.with(at, step));
  else if (steer.length < MAX_STEPS) setSteps([...steer, step]);
}
