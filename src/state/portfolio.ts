import type { CodesRecord, HeadShares, ScanStatistics } from '../engine/protocol.ts';

/** A latent of a dictionary on a layer's heads, as the list of a head's features shows it. */
export interface PortfolioRow {
  index: number;
  /** Its decoder weight on the head, as share of that on all heads. */
  share: number;
  /** The head that share is of. */
  head: number;
  /** Its largest activation on this text, row 0 excepted, and where; 0 and −1 where it fires on none. */
  here: number;
  at: number;
  /** Share of the sample's tokens it fires on; undefined while no sample was read. */
  density?: number;
}

export interface PortfolioFilter {
  /** Those of `ownedRows`, or every latent. */
  owned: 'owned' | 'all';
  firesHere: boolean;
  /** Part of a latent's number. */
  search: string;
  sort: 'share' | 'here' | 'index';
}

/** @param head `null`: every latent with the head that has most of it */
export function portfolio(
  { shares, heads }: Pick<HeadShares, 'shares' | 'heads'>,
  head: number | null,
  codes?: CodesRecord,
  statistics?: ScanStatistics,
): PortfolioRow[] {
  const length = Math.floor(shares.length / heads);
  const strongest = codes ? strongestHere(codes) : new Map<number, { value: number; row: number }>();
  return Array.from({ length }, (_, index) => {
    const own = shares.subarray(index * heads, (index + 1) * heads);
    const most = head ?? own.reduce((best, share, h) => (share > own[best]! ? h : best), 0);
    const here = strongest.get(index);
    return {
      index,
      share: own[most]!,
      head: most,
      here: here?.value ?? 0,
      at: here?.row ?? -1,
      density: statistics && statistics.tokens > 0 ? statistics.count[index]! / statistics.tokens : undefined,
    };
  });
}

function strongestHere({
  offsets,
  indices,
  values,
}: CodesRecord): Map<number, { value: number; row: number }> {
  const found = new Map<number, { value: number; row: number }>();
  for (let row = 1; row < offsets.length - 1; row++) {
    for (let e = offsets[row]!; e < offsets[row + 1]!; e++) {
      const value = values[e]!;
      if (value > (found.get(indices[e]!)?.value ?? 0)) found.set(indices[e]!, { value, row });
    }
  }
  return found;
}

/** As many latents as the literature reads of each head. */
const READ = 10;

/**
 * The latents a head owns: with more than half of their decoder weight on it, or, where these are fewer, the ten with the
 * largest share.
 * @source Kissane et al. 2024, arXiv:2406.17759, read the ten of largest share of every head
 */
export function ownedRows(rows: readonly PortfolioRow[]): { rows: readonly PortfolioRow[]; half: number } {
  const half = rows.filter(({ share }) => share > 0.5);
  if (half.length >= READ) return { rows: half, half: half.length };
  const largest = rows.toSorted((a, b) => b.share - a.share || a.index - b.index);
  return { rows: largest.slice(0, READ), half: half.length };
}

/** Filtered and sorted, largest first (index: smallest first); ties by lowest index. */
export function arrangePortfolio(
  rows: readonly PortfolioRow[],
  { owned, firesHere, search, sort }: PortfolioFilter,
): PortfolioRow[] {
  const key = (row: PortfolioRow): number => (sort === 'index' ? -row.index : row[sort]);
  return (owned === 'all' ? rows : ownedRows(rows).rows)
    .filter(({ here }) => !firesHere || here > 0)
    .filter(({ index }) => search === '' || String(index).includes(search))
    .sort((a, b) => key(b) - key(a) || a.index - b.index);
}
