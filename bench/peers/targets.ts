import type { BenchWorkload } from '../../src/engine/bench/workloads.ts';
import type { Kind } from './contender.ts';

/** The parts of `--only`: every kind of workload belongs to one, and the cold start is one of its own. */
export const PARTS: Readonly<Record<string, string>> = {
  a: 'transformer block',
  b: 'whole forward pass',
  c: 'encoding',
  d: 'sparse decoding',
  e: 'decode step with a cache',
  f: 'steering',
  g: 'cold start',
  h: 'sparse attention',
};

const OF_KIND: Readonly<Record<BenchWorkload['shape']['kind'], string>> = {
  block: 'a',
  forward: 'b',
  encode: 'c',
  'encoder-matmul': 'c',
  decode: 'd',
  step: 'e',
  steer: 'f',
  attention: 'h',
};

export const partOf = ({ shape }: BenchWorkload): string => OF_KIND[shape.kind];

/** What a ratio should be. `speed`: the fastest other's time over ours. `share`: ours over the workload it stands beside. */
export interface Target {
  of: 'speed' | 'share';
  bound: 'least' | 'most';
  value: number;
}

/** @returns undefined where nothing was promised */
export function targetOf({ shape }: BenchWorkload, kind: Kind, of: Target['of']): Target | undefined {
  const least = (value?: number): Target | undefined => (value ? { of, bound: 'least', value } : undefined);
  const most = (value: number): Target => ({ of, bound: 'most', value });
  if (of === 'speed') {
    const promised: Partial<Record<BenchWorkload['shape']['kind'], number>> =
      kind === 'webgpu'
        ? { block: 6, forward: 6, encode: 10, decode: 10, step: 6 }
        : { forward: 1, encode: 1.2, 'encoder-matmul': 0.8 };
    return least(promised[shape.kind]);
  }
  if (shape.kind === 'encode') return most(1.25);
  if (shape.kind === 'steer') return most(0.6);
  return shape.kind === 'attention' && shape.skipped === 0.9 ? most(0.2) : undefined;
}

export const reaches = ({ bound, value }: Target, ratio: number): boolean =>
  bound === 'least' ? ratio >= value : ratio <= value;

/** Of the cold start on the processor: milliseconds of scripting until the first features, bytes of script after gzip. */
export const COLD_TARGETS = { scriptingMs: 1_500, scriptBytes: 200_000 };
