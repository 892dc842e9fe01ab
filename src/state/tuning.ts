import { create } from 'zustand';
import type { TuningReport } from '../engine/protocol.ts';
import { FacetError } from '../shared/errors.ts';
import { runningEngine } from './engine.ts';
import { Slots } from './slots.ts';

interface TuningState {
  /** Absent until it was asked for. */
  report?: TuningReport;
  problem?: FacetError;
}

interface TuningActions {
  /** Asks what was measured up to now; it disturbs no measurement. */
  look: () => Promise<void>;
  /** Lets variants be measured from now on, or goes back to the defaults and forgets what was found. */
  allow: (on: boolean) => Promise<void>;
}

/** Which variants of kernels run in place of the defaults on this device. */
export const useTuning = create<TuningState & TuningActions>()((set) => {
  const slots = new Slots<'look'>();

  async function newest(change?: boolean): Promise<void> {
    const engine = runningEngine();
    if (!engine) return;
    const signal = slots.newest('look');
    try {
      if (change !== undefined) await engine.setTuning(change);
      const { tuning } = await engine.diagnostics();
      if (!signal.aborted) set({ report: tuning, problem: undefined });
    } catch (thrown) {
      if (!signal.aborted) set({ problem: FacetError.from(thrown) });
    }
  }

  return {
    look: () => newest(),
    allow: (on) => newest(on),
  };
});
