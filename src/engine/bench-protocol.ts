import type { FacetErrorRecord } from '../shared/errors.ts';
import type { Quartiles } from '../shared/quartiles.ts';
import type { Roof } from '../shared/roofline.ts';
import type { BenchWorkload } from './bench/workloads.ts';
import type { AdapterInfo, Ticket } from './protocol.ts';

export type { BenchWorkload, Quartiles, Roof };

/** How fast this device does what the page asks of it. */
export interface BenchApi {
  /** Everything that can be timed, in the order it is timed in. */
  describe(): Promise<readonly BenchWorkload[]>;
  /**
   * Times workloads, and those they are given a ratio to, in turn, round by round. Answers are checked first: one that is
   * wrong has no time. Readings of the page may come in between two runs, never within one.
   * @param onPartial what there is so far, after each answer that was checked and after each round
   */
  run(
    request: BenchRequest,
    ticket: Ticket,
    onProgress: (progress: BenchProgress) => void,
    onPartial: (run: BenchRun) => void,
  ): Promise<BenchRun>;
}

export interface BenchRequest {
  /** Ids of workloads, in any order. */
  workloads: readonly string[];
  /** Timed rounds, 1 to 50; default 7. */
  rounds?: number;
}

export interface BenchProgress {
  stage: 'roof' | 'check' | 'rounds';
  /** Title of what is worked on. */
  what: string;
  /** In steps of the stage. */
  done: number;
  total: number;
  /** Of the rounds, once they are under way. */
  secondsLeft?: number;
}

export interface BenchRun {
  backend: 'webgpu' | 'cpu';
  adapter: Omit<AdapterInfo, 'backend' | 'reason'>;
  /** What times are taken by: timestamps of the device, or the wall clock from submission to the readback of four bytes. */
  clock: 'device' | 'wall';
  /** Which model `open` stands for. */
  model: { id: string; digest: string };
  /** Rounds that are in the figures. */
  rounds: number;
  /** Absent while it is measured. */
  roof?: Roof;
  rows: BenchRow[];
}

export type BenchRow = TimedRow | FailedRow;

export interface TimedRow {
  id: string;
  /** What its answer was held against. */
  checked: string;
  /** Runs in one submission, whose time is divided by so many. */
  repeats: number;
  /** Of one run, over the rounds; absent until the first round is over. */
  ms?: Quartiles;
  /** Of one run: sums over its operations of what each computes, and of its inputs and outputs, each moved once. */
  flops: number;
  bytes: number;
  /** What its kernels took in the last round, longest first; absent where the device has no timestamps. */
  kernels?: KernelShare[];
  /** Its time divided by another's of the same round. */
  ratio?: Quartiles & { to: string };
}

/** All dispatches of a kernel in one run. */
export interface KernelShare {
  kernel: string;
  dispatches: number;
  ms: number;
  flops: number;
  bytes: number;
}

export interface FailedRow {
  id: string;
  failure: FacetErrorRecord;
}
