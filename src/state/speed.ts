import { create } from 'zustand';
import type { BenchProgress, BenchRun, BenchWorkload } from '../engine/protocol.ts';
import {
  browserName,
  readSpeed,
  resultsOf,
  type SpeedResults,
  writeSpeedShort,
} from '../exchange/speed-results.ts';
import { FacetError } from '../shared/errors.ts';
import { useBackend } from './backend.ts';
import { runningEngine } from './engine.ts';
import { encodeLink } from './link.ts';
import { pack, unpack } from './packing.ts';
import { Slots } from './slots.ts';
import { usePage } from './store.ts';
import { fromWtf8, toWtf8 } from './wtf8.ts';
import { MAX_TIMES, type ViewState } from './view-state.ts';

/** Bytes of a file that is looked into, and of what a link unpacks to. */
const MOST_BYTES = 1_000_000;
const MOST_UNPACKED = 100_000;

/** Times that somebody brought. */
export interface BroughtResults {
  results: SpeedResults;
  /** Where from, in words: `a link`, or a file's name. */
  from: string;
}

interface SpeedState {
  /** Everything that can be timed; absent until it is known. */
  workloads?: readonly BenchWorkload[];
  progress?: BenchProgress;
  /** Of the run under way, or of one that was stopped: rounds so far. */
  problem?: FacetError;
  /** The newest run on each backend, newest first. */
  own: readonly SpeedResults[];
  brought?: BroughtResults;
  broughtProblem?: FacetError;
}

interface SpeedActions {
  /** Asks what can be timed. */
  load: () => Promise<void>;
  /** @returns whether it ended by itself, with times */
  run: () => Promise<boolean>;
  /** Here, and on the other backend, as far as there is one; the page then computes as before. */
  runOnBoth: () => Promise<void>;
  stop: () => void;
  /** Shows times of a file. */
  bring: (file: File) => Promise<void>;
  /** Shows times of a link. @param packed as the view has it */
  bringPacked: (packed: string) => Promise<void>;
  /** Shows brought times no longer. */
  forget: () => void;
}

/** How fast all of this is here, asked by the visitor in the Speed view. */
export const useSpeed = create<SpeedState & SpeedActions>()((set, get) => {
  const slots = new Slots<'run' | 'bring' | 'load'>();

  function take(run: BenchRun, made: number): void {
    const results = resultsOf(run, made, browserName(navigator.userAgent));
    if (results) set({ own: [results, ...get().own.filter(({ backend }) => backend !== results.backend)] });
  }

  async function bringFrom(from: string, read: () => Promise<SpeedResults>): Promise<void> {
    const signal = slots.newest('bring');
    try {
      const results = await read();
      if (!signal.aborted) set({ brought: { results, from }, broughtProblem: undefined });
    } catch (thrown) {
      if (!signal.aborted) set({ brought: undefined, broughtProblem: FacetError.from(thrown) });
    }
  }

  return {
    own: [],
    async load() {
      const engine = runningEngine();
      if (get().workloads || !engine) return;
      const signal = slots.newest('load');
      try {
        const workloads = await engine.bench.describe();
        if (!signal.aborted) set({ workloads });
      } catch (thrown) {
        if (!signal.aborted) set({ problem: FacetError.from(thrown) });
      }
    },
    async run() {
      const engine = runningEngine();
      const { workloads } = get();
      if (!engine || !workloads) return false;
      const signal = slots.newest('run');
      const made = Date.now();
      const chosen = chosenIds(usePage.getState().view.timed, workloads);
      set({ progress: { stage: 'roof', what: '', done: 0, total: 0 }, problem: undefined });
      try {
        const run = await engine.bench.run(
          { workloads: chosen },
          {
            signal,
            onProgress: (progress) => !signal.aborted && set({ progress }),
            onPartial: (partial) => !signal.aborted && take(partial, made),
          },
        );
        if (signal.aborted) return false;
        take(run, made);
        set({ progress: undefined });
        return true;
      } catch (thrown) {
        if (!signal.aborted) set({ problem: FacetError.from(thrown), progress: undefined });
        return false;
      }
    },
    async runOnBoth() {
      const page = usePage.getState();
      const { backend: choice } = useBackend.getState();
      const first = page.opened?.adapter.backend;
      if (!(await get().run())) return;
      await page.computeOn(first === 'cpu' ? 'webgpu' : 'cpu');
      if (usePage.getState().opened?.adapter.backend === first)
        set({ problem: new FacetError('no-adapter', 'There is no other backend here to time.') });
      else await get().run();
      await page.computeOn(choice);
    },
    stop() {
      slots.abort('run');
      set({ progress: undefined });
    },
    bring: (file) =>
      bringFrom(file.name, async () => {
        if (file.size > MOST_BYTES) throw new FacetError('bad-input', `The file ${file.name} is too large.`);
        return readSpeed(await file.text());
      }),
    bringPacked: (packed) => bringFrom('a link', () => unpackTimes(packed)),
    forget() {
      slots.abort('bring');
      set({ brought: undefined, broughtProblem: undefined });
      if (usePage.getState().view.times !== '') usePage.getState().change({ times: '' });
    },
  };
});

/** Ids of what a view times, in the order of the list; the usual ones leave out what needs much memory. */
export function chosenIds(timed: ViewState['timed'], workloads: readonly BenchWorkload[]): string[] {
  return workloads
    .filter(({ id, heavyBytes }) => (timed ? timed.includes(id) : heavyBytes === undefined))
    .map(({ id }) => id);
}

/** Times for a link. @throws FacetError `bad-input` for more than a link holds */
export async function packTimes(results: SpeedResults): Promise<string> {
  const packed = await pack(toWtf8(writeSpeedShort(results)));
  if (packed.length > MAX_TIMES)
    throw new FacetError('bad-input', 'These times are too many for a link.', {
      hint: 'Export them as a file.',
    });
  return packed;
}

/** @throws FacetError `bad-link` */
export async function unpackTimes(packed: string): Promise<SpeedResults> {
  try {
    const content = fromWtf8(await unpack(packed, MOST_UNPACKED));
    if (content !== undefined) return readSpeed(content);
  } catch (cause) {
    throw damaged(cause);
  }
  throw damaged();
}

const damaged = (cause?: unknown): FacetError =>
  new FacetError('bad-link', 'The times in this link are damaged; the rest of it is not.', {
    hint: 'Ask for the link again and copy all of it.',
    cause,
  });

/** The address of this view with times in it. @throws FacetError `bad-input` */
export async function addressWith(results: SpeedResults): Promise<string> {
  const { view } = usePage.getState();
  const fragment = await encodeLink({ ...view, times: await packTimes(results) });
  const address = new URL(fragment, location.href);
  // What computes here is this visitor's choice.
  address.searchParams.delete('backend');
  return address.href;
}
