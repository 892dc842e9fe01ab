import type { Analysis, CodesRecord, ScanStatistics } from '../engine/protocol.ts';
import type { PositionRange, Sort } from './view-state.ts';

/** One feature as the list shows it, over the chosen positions. */
export interface FeatureRow {
  index: number;
  /** At the active position; 0 where it does not fire there. */
  value: number;
  sum: number;
  mean: number;
  max: number;
  /** Mean over the chosen rows minus mean over all others; row 0 is not among the others. */
  contrast: number;
  /** Share of the sample's tokens it fires on; undefined while no sample was read. */
  density?: number;
}

export interface RowFilter {
  minValue: number;
  minDensity: number;
  maxDensity: number;
  /** Part of a feature's number. */
  search: string;
}

/** The part of a text that was read, and how many rows stand before it. */
export type ReadWindow = Pick<Analysis, 'prefix' | 'windowStart' | 'windowTokens'>;

/**
 * Rows are the analysis's own: `prefix` rows that are not of the text (the beginning-of-text token, for models that read
 * one), then the tokens of the window. Positions are the link's: 0 is the beginning of the text, p token p − 1 of the
 * whole text, wherever the window lies and whichever model reads it.
 */
export function positionOf({ prefix, windowStart }: Omit<ReadWindow, 'windowTokens'>, row: number): number {
  return row < prefix ? 0 : windowStart + row - prefix + 1;
}

/** @returns `undefined` for a position outside the window, and for the beginning where the model reads no such token */
export function rowOf(
  { prefix, windowStart, windowTokens }: ReadWindow,
  position: number,
): number | undefined {
  if (position === 0) return prefix > 0 ? 0 : undefined;
  const token = position - 1 - windowStart;
  return token >= 0 && token < windowTokens ? token + prefix : undefined;
}

/** The parts of position ranges that lie in the window, as rows. */
export function rowRanges(window: ReadWindow, ranges: readonly PositionRange[]): PositionRange[] {
  const { prefix, windowStart, windowTokens } = window;
  const row = (position: number): number => position - 1 - windowStart + prefix;
  return ranges
    .map(([from, to]): PositionRange => {
      const beginning = from === 0 && prefix > 0;
      const last = Math.min(prefix + windowTokens - 1, to === 0 ? -1 : row(to));
      return beginning ? [0, Math.max(0, last)] : [Math.max(prefix, row(from)), last];
    })
    .filter(([from, to]) => from <= to);
}

/** Whether a row of the analysis is among the chosen: ranges, else the active one, else every one but row 0. */
export function chosenRows(
  length: number,
  active: number | null,
  ranges: readonly PositionRange[],
): boolean[] {
  return Array.from({ length }, (_, row) => {
    if (ranges.length > 0) return ranges.some(([from, to]) => row >= from && row <= to);
    return active === null ? row > 0 : row === active;
  });
}

/** Every feature that fires on a chosen row, unsorted. A pure derivation: the model is not run. */
export function featureRows(
  codes: CodesRecord,
  active: number | null,
  chosen: readonly boolean[],
  statistics?: ScanStatistics,
): FeatureRow[] {
  const rows = new Map<number, FeatureRow & { outside: number }>();
  const inside = chosen.filter(Boolean).length;
  const others = chosen.filter((is, row) => !is && row > 0).length;
  chosen.forEach((is, row) => {
    for (let e = codes.offsets[row]!; e < codes.offsets[row + 1]!; e++) {
      const index = codes.indices[e]!;
      const value = codes.values[e]!;
      let found = rows.get(index);
      if (!found) {
        found = { index, value: 0, sum: 0, mean: 0, max: 0, contrast: 0, outside: 0 };
        rows.set(index, found);
      }
      if (row === active) found.value = value;
      if (is) {
        found.sum += value;
        found.max = Math.max(found.max, value);
      } else if (row > 0) found.outside += value;
    }
  });
  return [...rows.values()]
    .filter(({ sum }) => sum > 0)
    .map(({ outside, ...row }) => ({
      ...row,
      mean: row.sum / inside,
      contrast: row.sum / inside - (others > 0 ? outside / others : 0),
      density:
        statistics && statistics.tokens > 0 ? statistics.count[row.index]! / statistics.tokens : undefined,
    }));
}

/** Filtered and sorted, largest first (index: smallest first); ties by lowest index. */
export function arrangeRows(rows: readonly FeatureRow[], sort: Sort, filter: RowFilter): FeatureRow[] {
  const key = (row: FeatureRow): number => (sort === 'index' ? -row.index : row[sort]);
  return rows
    .filter((row) => row.max >= filter.minValue)
    .filter(
      ({ density }) =>
        density === undefined || (density >= filter.minDensity && density <= filter.maxDensity),
    )
    .filter(({ index }) => filter.search === '' || String(index).includes(filter.search))
    .sort((a, b) => key(b) - key(a) || a.index - b.index);
}

/** [T] values of one feature over the rows of an analysis. */
export function featureOverRows(codes: CodesRecord, feature: number): Float32Array {
  const values = new Float32Array(codes.offsets.length - 1);
  for (let row = 0; row < values.length; row++) {
    for (let e = codes.offsets[row]!; e < codes.offsets[row + 1]!; e++) {
      if (codes.indices[e] === feature) values[row] = codes.values[e]!;
    }
  }
  return values;
}

/** For each row one feature of it and that feature's value; feature −1, value 0 where none fires. */
export interface RowFeatures {
  features: Int32Array;
  values: Float32Array;
}

/** The strongest feature of each row. */
export function strongestOverRows(codes: CodesRecord): RowFeatures {
  return pick(codes, (_, value) => value);
}

/**
 * The most telling feature of each row: the one whose value stands out most from its own mean over the other rows of the
 * prompt, so that features that fire everywhere step back. Row 0 counts in no mean.
 */
export function tellingOverRows(codes: CodesRecord): RowFeatures {
  const rows = codes.offsets.length - 1;
  const sums = new Map<number, number>();
  for (let e = codes.offsets[1] ?? 0; e < codes.indices.length; e++)
    sums.set(codes.indices[e]!, (sums.get(codes.indices[e]!) ?? 0) + codes.values[e]!);
  return pick(codes, (feature, value, row) => {
    const own = row === 0 ? 0 : value;
    const others = Math.max(1, row === 0 ? rows - 1 : rows - 2);
    return value - ((sums.get(feature) ?? 0) - own) / others;
  });
}

function pick(
  codes: CodesRecord,
  score: (feature: number, value: number, row: number) => number,
): RowFeatures {
  const rows = codes.offsets.length - 1;
  const picked = { features: new Int32Array(rows).fill(-1), values: new Float32Array(rows) };
  for (let row = 0; row < rows; row++) {
    let best = -Infinity;
    for (let e = codes.offsets[row]!; e < codes.offsets[row + 1]!; e++) {
      const found = score(codes.indices[e]!, codes.values[e]!, row);
      if (found <= best) continue;
      best = found;
      picked.features[row] = codes.indices[e]!;
      picked.values[row] = codes.values[e]!;
    }
  }
  return picked;
}
