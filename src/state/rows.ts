import type { CodesRecord, SampleStatistics } from '../engine/protocol.ts';
import type { PositionRange, Sort } from './view-state.ts';

/** One feature as the list shows it, over the chosen positions. */
export interface FeatureRow {
  index: number;
  /** At the active position; 0 where it does not fire there. */
  value: number;
  sum: number;
  mean: number;
  max: number;
  /** Mean over the chosen positions minus mean over all others; position 0 counts as neither. */
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

/** Whether a row of the analysis is among the chosen: ranges, else the active one, else every one but the first. */
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
  statistics?: SampleStatistics,
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

/** [T] value of the strongest feature of each row. */
export function strongestOverRows(codes: CodesRecord): Float32Array {
  return Float32Array.from({ length: codes.offsets.length - 1 }, (_, row) =>
    codes.offsets[row + 1]! > codes.offsets[row]! ? codes.values[codes.offsets[row]!]! : 0,
  );
}
