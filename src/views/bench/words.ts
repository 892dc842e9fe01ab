import { useMemo } from 'react';
import type { BenchProgress, BenchWorkload, TunedClass, TuningReport } from '../../engine/protocol.ts';
import { deviceName, isTimed, type SpeedResults, type SpeedTimed } from '../../exchange/speed-results.ts';
import { type Placed, placeUnder } from '../../shared/roofline.ts';
import { useSpeed } from '../../state/speed.ts';
import type { TableData } from '../shared/download.ts';
import { formatCount, formatDuration, formatFixed } from '../shared/format.ts';

type Kind = BenchWorkload['shape']['kind'];

/** What belongs together, in the order it is listed in. */
export const GROUPS: readonly { title: string; kinds: readonly Kind[] }[] = [
  { title: 'Transformer', kinds: ['block', 'forward'] },
  { title: 'One more token', kinds: ['step'] },
  { title: 'Dictionary', kinds: ['encoder-matmul', 'encode', 'decode'] },
  { title: 'Steering', kinds: ['steer'] },
  { title: 'Attention, blocks skipped', kinds: ['attention'] },
];

/** Kinds in a word or two. */
export const KINDS: Record<Kind, string> = {
  block: 'block',
  forward: 'whole model',
  step: 'decode step',
  'encoder-matmul': 'encoder matmul',
  encode: 'encode',
  decode: 'sparse decode',
  steer: 'steer',
  attention: 'attention',
};

/** What a ratio is to, in a word or two. */
export function ratioTo(workloads: readonly BenchWorkload[] | undefined, id: string): string {
  const kind = workloads?.find((one) => one.id === id)?.shape.kind;
  return kind === undefined ? id : kind === 'attention' ? 'dense' : KINDS[kind];
}

/** Results that can be shown, and what they are called. */
export interface NamedResults {
  key: string;
  name: string;
  /** They were not taken on this page. */
  from?: string;
  results: SpeedResults;
}

export function useResults(): readonly NamedResults[] {
  const own = useSpeed((state) => state.own);
  const brought = useSpeed((state) => state.brought);
  return useMemo(() => {
    const here = own.map((results) => ({
      key: results.backend,
      name: `here, ${deviceName(results)}`,
      results,
    }));
    if (!brought) return here;
    const { from, results } = brought;
    return [...here, { key: 'brought', name: `from ${from}, ${deviceName(results)}`, from, results }];
  }, [own, brought]);
}

export const shownOf = (all: readonly NamedResults[], key: string): NamedResults | undefined =>
  all.find((one) => one.key === key);

export const titleOf = (workloads: readonly BenchWorkload[] | undefined, id: string): string =>
  workloads?.find((one) => one.id === id)?.title ?? id;

/** Three significant digits with the unit that suits. */
export function timeText(ms: number): string {
  if (!Number.isFinite(ms)) return '–';
  const unit = '\u00a0';
  if (ms >= 999.5) return `${threeDigits(ms / 1000)}${unit}s`;
  return ms >= 0.9995 ? `${threeDigits(ms)}${unit}ms` : `${threeDigits(1000 * ms)}${unit}µs`;
}

export function threeDigits(value: number): string {
  if (!Number.isFinite(value)) return '–';
  return value >= 999.5 ? formatCount(value) : value === 0 ? '0' : value.toPrecision(3).replace('-', '−');
}

/** A count of operations or bytes: three significant digits with a decimal prefix. */
export function amountText(count: number): string {
  const prefixes = ['', 'k', 'M', 'G', 'T'];
  let [size, at] = [count, 0];
  for (; size >= 999.5 && at < prefixes.length - 1; at++) size /= 1000;
  return `${at === 0 && Number.isInteger(count) ? count : threeDigits(size)}${at > 0 ? `\u00a0${prefixes[at]}` : ''}`;
}

export const ratioText = (ratio: number): string =>
  Number.isFinite(ratio) ? `${formatFixed(ratio, ratio >= 10 ? 1 : 2)}\u00a0×` : '–';

export interface PlacedRow {
  row: SpeedTimed;
  title: string;
  placed: Placed;
}

/** The rows that have a time, and where they lie under the measured roof. */
export function placedRows({ rows, roof }: SpeedResults, workloads?: readonly BenchWorkload[]): PlacedRow[] {
  return rows.filter(isTimed).map((row) => ({
    row,
    title: titleOf(workloads, row.id),
    placed: placeUnder(roof, { ...row, ms: row.ms.median }),
  }));
}

export const BOUNDS: Record<Placed['bound'], string> = { bandwidth: 'bandwidth', peak: 'arithmetic' };

/** Numbers in full. @param beside other results, whose times and ratios are added */
export function timesTable(
  results: SpeedResults,
  workloads?: readonly BenchWorkload[],
  beside?: SpeedResults,
): TableData {
  const rows = results.rows.map((row) => {
    const title = titleOf(workloads, row.id);
    const other = beside?.rows.find(({ id }) => id === row.id);
    if (!isTimed(row))
      return [title, ...Array.from({ length: 11 }, () => null), row.failure, ...(beside ? [null, null] : [])];
    const { ms, ratio, flops, bytes } = row;
    const { gigaflopsPerSecond, gigabytesPerSecond, share, bound } = placeUnder(results.roof, {
      ...row,
      ms: ms.median,
    });
    const theirs = other && isTimed(other) ? other.ms.median : null;
    return [
      title, ms.median, ms.lower, ms.upper, ratio?.median ?? null, ratio ? titleOf(workloads, ratio.to) : null,
      flops, bytes, gigaflopsPerSecond, gigabytesPerSecond, Number.isNaN(share) ? null : share, BOUNDS[bound], null,
      ...(beside ? [theirs, theirs === null ? null : ms.median / theirs] : []),
    ]; // oxfmt-ignore
  });
  return {
    columns: [
      'what', 'median, ms', 'lower quartile, ms', 'upper quartile, ms', 'ratio', 'ratio to', 'FLOPs', 'bytes', 'GFLOP/s',
      'GB/s', 'share of the roof', 'bound by', 'failure', ...(beside ? ['beside: median, ms', 'ratio to that'] : []),
    ], // oxfmt-ignore
    rows,
  };
}

/** How far a run is. */
export function progressText({ stage, what, done, total, secondsLeft }: BenchProgress): string {
  if (stage === 'roof') return 'Measuring what the adapter does at most …';
  if (stage === 'check') return `Checking the answer: ${what} (${done + 1} of ${total}) …`;
  const left = secondsLeft === undefined ? '' : `, ${formatDuration(secondsLeft)} left`;
  return `Timing: ${what} (${done + 1} of ${total}${left}) …`;
}

const OPS: Readonly<Record<string, string>> = {
  matmul: 'Matrix product',
  encode: 'Encode',
  attention: 'Attention',
  decode: 'Sparse decode',
};

export const opName = (op: string): string => OPS[op] ?? op;

/** The class of sizes that an example of it stands for: numbers up to the next power of two. */
export function sizesText(asked: TunedClass['asked']): string {
  return Object.entries(asked)
    .map(([name, value]) =>
      typeof value === 'number'
        ? `${name} ≤ ${formatCount(2 ** Math.ceil(Math.log2(Math.max(1, value))))}`
        : `${name} ${value}`,
    )
    .join(', ');
}

/** What is to be expected of measuring variants. */
export function waitingText({ on, waiting, classes }: TuningReport): string {
  if (!on) return 'The defaults run, and nothing is measured.';
  if (waiting > 0)
    return `${formatCount(waiting)} ${waiting === 1 ? 'class' : 'classes'} of sizes to be measured while the page is idle.`;
  return classes.length > 0
    ? 'Everything that has run was measured.'
    : 'Nothing has run yet that has several ways to split its work.';
}
