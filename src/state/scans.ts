import { create } from 'zustand';
import type { CorpusReference, KeptScan } from '../engine/protocol.ts';
import type { FacetError } from '../shared/errors.ts';

/** Which texts the view is over and what is kept of scans; figures of the scan are `usePage().statistics`. */
export interface ScansState {
  /** What `view.over` names; undefined while it is being opened and where it is not on this device. */
  corpus?: CorpusReference;
  /** The view is over texts that are not on this device. */
  missing: boolean;
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
}

export const useScans = create<ScansState & ScansActions>()(() => ({
  missing: false,
  kept: [],
  run: () => Promise.resolve(),
  pause: () => {},
  wantKept: () => Promise.resolve(),
  remove: () => Promise.resolve(),
  showOver: () => Promise.resolve(),
}));
