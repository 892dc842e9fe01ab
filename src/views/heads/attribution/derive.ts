import type { AttributionComponent, AttributionRecord } from '../../../engine/protocol.ts';
import { formatActivation } from '../../shared/format.ts';

/** One summand of what is explained. */
export interface Part {
  key: string;
  what: string;
  value: number;
}

/** A head's value split by the row it reads: one line of a matrix. */
export interface HeadLine {
  layer: number;
  head: number;
  value: number;
  /** [T] */
  bySource: Float32Array;
}

const sum = (values: Iterable<number>): number => {
  let total = 0;
  for (const value of values) total += value;
  return total;
};

/** How the parts add up, in double precision. */
export interface Additivity {
  value: number;
  parts: number;
  residue: number;
  /** value − parts − residue */
  gap: number;
}

export function additivity(record: AttributionRecord): Additivity {
  const { value, heads, components } = record;
  const parts = heads ? sum(heads.byHead) : sum((components ?? []).map((part) => part.value));
  const residue = sum(record.residue.map((part) => part.value));
  return { value, parts, residue, gap: value - parts - residue };
}

/** The heads that what is explained comes from, with the rows they read: the feature's own layer, or all earlier ones. */
export function headLines({ layer, heads, components = [] }: AttributionRecord): HeadLine[] {
  if (heads) {
    const rows = heads.bySource.length;
    return Array.from(heads.byHead, (value, head) => ({
      layer,
      head,
      value,
      bySource: heads.matrix.subarray(head * rows, (head + 1) * rows),
    }));
  }
  return components.flatMap((part) =>
    part.kind === 'head' && part.bySource
      ? [{ layer: part.layer!, head: part.head!, value: part.value, bySource: part.bySource }]
      : [],
  );
}

/** [T] sum of some lines. */
export function sourceSums(lines: readonly HeadLine[], rows: number): Float32Array {
  const sums = new Float64Array(rows);
  for (const { bySource } of lines) bySource.forEach((value, row) => (sums[row]! += value));
  return Float32Array.from(sums);
}

/** What wrote a residual stream, the heads of a layer together: short enough for bars, and adding up to the same. */
export function writers({ components = [], residue }: AttributionRecord): Part[] {
  const grouped = new Map<string, Part>();
  for (const part of components) {
    const { key, what } = writerOf(part);
    const found = grouped.get(key);
    if (found) found.value += part.value;
    else grouped.set(key, { key, what, value: part.value });
  }
  return [...grouped.values(), ...residueParts(residue)];
}

function writerOf({ kind, layer, what }: AttributionComponent): Omit<Part, 'value'> {
  if (kind === 'head') return { key: `heads ${layer}`, what: `heads of layer ${layer}` };
  if (kind === 'bias') return { key: 'bias', what: 'biases' };
  return { key: `${kind} ${layer ?? ''}`, what };
}

export const residueParts = (residue: AttributionRecord['residue']): Part[] =>
  residue.map(({ what, value }, i) => ({ key: `residue ${i}`, what: `residue: ${what}`, value }));

/** The largest by size, in that order, and the rest as one. */
export function largestFirst<Entry extends { value: number }>(
  parts: readonly Entry[],
  keep: number,
): { shown: Entry[]; others: { count: number; value: number } } {
  const sorted = parts.toSorted((a, b) => Math.abs(b.value) - Math.abs(a.value));
  const rest = sorted.slice(keep);
  return {
    shown: sorted.slice(0, keep),
    others: { count: rest.length, value: sum(rest.map(({ value }) => value)) },
  };
}

/** A stretch of a text's rows left out of a strip, or one that is shown. */
export type Stretch = { row: number } | { skipped: number; value: number; first: number };

/** Rows in the order of the text; of more than `keep` only the largest by size, with sums of what lies between. */
export function foldRows(values: Float32Array, last: number, keep: number): Stretch[] {
  const rows = Array.from({ length: last + 1 }, (_, row) => ({ row, value: values[row] ?? 0 }));
  const shown = new Set(largestFirst(rows, keep).shown.map(({ row }) => row));
  const stretches: Stretch[] = [];
  for (const { row, value } of rows) {
    const before = stretches.at(-1);
    if (shown.has(row)) stretches.push({ row });
    else if (before && 'skipped' in before) {
      before.skipped++;
      before.value += value;
    } else stretches.push({ skipped: 1, value, first: row });
  }
  return stretches;
}

/** The index of the largest by size; ties by the first; 0 for none. */
export function largestAt(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (Math.abs(values[i]!) > Math.abs(values[best]!)) best = i;
  return best;
}

export const largestSize = (values: Iterable<number>): number => {
  let most = 0;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return most;
};

/** Three digits and a sign. */
export const signed = (value: number): string => `${value > 0 ? '+' : ''}${formatActivation(value)}`;

export const headName = ({ layer, head }: { layer: number; head: number }): string => `${layer}.${head}`;
