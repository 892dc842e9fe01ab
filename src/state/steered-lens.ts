import { create } from 'zustand';
import type { Lens } from '../engine/protocol.ts';
import { FacetError } from '../shared/errors.ts';
import { runningEngine } from './engine.ts';
import type { PageState } from './page-state.ts';
import { Settling } from './settling.ts';
import { Slots } from './slots.ts';
import { rowOfView } from './steer.ts';
import { stepsOn } from './steered-texts.ts';
import { askedOf, promptOf } from './steering-request.ts';
import { usePage } from './store.ts';

interface LensState {
  /** What the view asks for; undefined while there is nothing to steer. */
  asked?: string;
  /** What `lens` answers: another than `asked` while something newer is on its way. */
  of?: string;
  lens?: Lens;
  running: boolean;
  failure?: FacetError;
}

interface LensActions {
  /** Reads the layers anew whenever a change has come to rest. @returns ends it */
  follow: () => () => void;
  again: () => Promise<void>;
}

/** What the layers predict at a row hangs on this. */
function keyOf({ view, opened, analysis }: PageState): string | undefined {
  const steps = stepsOn(view.steer);
  if (!opened || !analysis || steps.length === 0) return undefined;
  const { windowStart, storage } = view;
  return JSON.stringify([
    opened.model.digest,
    storage,
    analysis.prefix,
    promptOf(view),
    windowStart,
    rowOfView(view, analysis),
    steps,
  ]);
}

/** The logit lens with and without the recipe, at the active token. */
export const useLens = create<LensState & LensActions>()((set, get) => {
  const slots = new Slots<'lens'>();
  const settling = new Settling(() => void read());
  let opening = false;

  function look(page: PageState): void {
    if (page.phase !== 'ready' || page.analysing || !page.analysis) {
      slots.abort('lens');
      opening ||= get().running;
      if (get().running) set({ running: false });
      return;
    }
    const asked = keyOf(page);
    const changed = asked !== get().asked;
    if (changed) {
      slots.abort('lens');
      set({ asked, running: false });
    }
    if (asked === undefined) {
      settling.cancel();
      if (get().lens) set({ lens: undefined, of: undefined, failure: undefined });
    } else if (opening) void read();
    else if (changed) settling.soon();
  }

  async function read(): Promise<void> {
    settling.cancel();
    const engine = runningEngine();
    const page = usePage.getState();
    const asked = keyOf(page);
    if (!engine || !page.analysis || page.analysing || asked === undefined) {
      opening = true;
      return;
    }
    opening = false;
    if (asked === get().of && get().lens) return;
    const signal = slots.newest('lens');
    set({ running: true, failure: undefined });
    try {
      const { view, analysis } = page;
      const windowStart = view.chat ? 0 : analysis.windowStart;
      const interventions = await askedOf(view.steer, { prefix: analysis.prefix, windowStart });
      const request = {
        prompt: promptOf(view),
        windowStart,
        interventions,
        row: rowOfView(view, analysis),
      };
      const lens = await engine.steer.lens(request, { signal });
      if (!signal.aborted) set({ lens, of: asked, running: false });
    } catch (thrown) {
      if (signal.aborted) return;
      const failure = FacetError.from(thrown);
      const lost = failure.code === 'device-lost' || failure.code === 'cancelled';
      if (lost) opening = true;
      set({ running: false, ...(lost ? {} : { failure, lens: undefined, of: undefined }) });
    }
  }

  usePage.subscribe(({ opened }, { opened: before }) => {
    if (opened?.model.digest === before?.model.digest) return;
    slots.abort('lens');
    set({ lens: undefined, of: undefined, failure: undefined, running: false });
  });

  return {
    running: false,
    follow() {
      opening = true;
      const release = settling.watch();
      look(usePage.getState());
      const end = usePage.subscribe((page) => look(page));
      return () => {
        end();
        release();
        slots.abort('lens');
        set({ running: false });
      };
    },
    again: read,
  };
});
