import * as v from 'valibot';
import { type BenchWorkload, benchWorkloads } from '../../src/engine/bench/workloads.ts';
import type { Outcome } from './rounds.ts';
import { ratiosOf, spreadOf } from './statistics.ts';
import { reaches, type Target, targetOf } from './targets.ts';

const number = v.pipe(v.number(), v.finite(), v.minValue(0));
const spread = v.object({ median: number, lower: number, upper: number, least: number, greatest: number });
const kind = v.picklist(['webgpu', 'cpu']);

const timed = v.object({
  name: v.string(),
  kind,
  ours: v.boolean(),
  /** Milliseconds; empty where it failed. */
  times: v.array(number),
  ms: v.optional(spread),
  firstMs: v.optional(number),
  difference: v.optional(number),
  way: v.optional(v.string()),
  /** Ways that gave no answer or a wrong one, and the reason. */
  refused: v.optional(v.record(v.string(), v.string())),
});

const ratio = v.object({
  /** Ours, and what it is compared with. */
  name: v.string(),
  against: v.string(),
  kind,
  of: v.picklist(['speed', 'share']),
  value: spread,
  /** Whether `against` was the fastest other of the kind, or the workload stands beside it: what targets speak of. */
  counts: v.boolean(),
  target: v.optional(v.object({ bound: v.picklist(['least', 'most']), value: number })),
  reached: v.optional(v.boolean()),
});

const measured = v.object({
  id: v.string(),
  date: v.string(),
  /** Of the machine when it began: mean processes ready to run over 1, 5 and 15 minutes. */
  load: v.array(number),
  seconds: number,
  adapter: v.string(),
  outcomes: v.array(timed),
  ratios: v.array(ratio),
  failure: v.optional(v.string()),
});

const cold = v.object({
  backend: v.string(),
  date: v.string(),
  load: v.array(number),
  rounds: number,
  /** Milliseconds since navigation. */
  firstPaintMs: spread,
  firstFeaturesMs: spread,
  /** Milliseconds threads of the page spent in script until then, by their own clocks, all threads together. */
  scriptingMs: spread,
  /** After gzip, of scripts that had arrived at first paint. */
  scriptBytes: number,
});

/** `bench/results/peers.json`. */
export const resultsSchema = v.object({
  version: v.literal(1),
  machine: v.object({ processor: v.string(), cores: number, memoryBytes: number, system: v.string() }),
  browser: v.string(),
  packages: v.record(v.string(), v.string()),
  workloads: v.array(measured),
  cold: v.array(cold),
});

export type Results = v.InferOutput<typeof resultsSchema>;
export type MeasuredWorkload = Results['workloads'][number];
export type ColdStart = Results['cold'][number];
type Ratio = MeasuredWorkload['ratios'][number];

/** Every ratio the outcomes of one workload allow, ours against every other of its kind and against what it stands beside. */
export function ratiosAmong(workload: BenchWorkload, outcomes: readonly Outcome[]): Ratio[] {
  const done = outcomes.filter(({ times }) => times.length > 0);
  const median = ({ times }: Outcome): number => spreadOf(times).median;
  return done
    .filter(({ ours, part }) => ours && !part)
    .flatMap((own) => {
      const others = done.filter(({ kind: where, ours }) => !ours && where === own.kind);
      const fastest = others.toSorted((a, b) => median(a) - median(b))[0];
      const beside = done.find(({ kind: where, part }) => part && where === own.kind);
      const make = (of: Target['of'], against: Outcome, counts: boolean): Ratio => {
        const values =
          of === 'speed' ? ratiosOf(against.times, own.times) : ratiosOf(own.times, against.times);
        const value = spreadOf(values);
        const target = counts ? targetOf(workload, own.kind, of) : undefined;
        return {
          name: own.name, against: against.name, kind: own.kind, of, value, counts,
          ...(target && { target: { bound: target.bound, value: target.value }, reached: reaches(target, value.median) }),
        }; // oxfmt-ignore
      };
      return [
        ...others.map((other) => make('speed', other, other === fastest)),
        ...(beside ? [make('share', beside, true)] : []),
      ];
    });
}

/** The workloads of the list first, so that runs of single parts keep its order. */
export function inOrder(workloads: readonly MeasuredWorkload[]): MeasuredWorkload[] {
  const place = ({ id }: MeasuredWorkload): number => benchWorkloads.findIndex((each) => each.id === id);
  return workloads.toSorted((a, b) => place(a) - place(b));
}
