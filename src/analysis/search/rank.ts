/** Codes of a text's tokens and how many of them are counted. */
export interface CountedCodes {
  codes: { indices: Uint32Array; values: Float32Array };
  counted: number;
}

export interface RankedFeature {
  feature: number;
  score: number;
  total: number;
  max: number;
  tokens: number;
  againstTotal: number;
  againstMax: number;
  againstTokens: number;
}

export interface Ranking {
  rank: 'total' | 'max' | 'contrast' | 'specificity';
  /** [F] above 0; for `specificity`. */
  rates?: Float32Array;
}

/**
 * Features that fire on a text or on the one it is contrasted with, best first, equal ones by number. Means are over the
 * tokens counted, those on which a feature is silent included.
 *
 * `total`, `max`: over the text. `contrast`: mean here minus mean there. `specificity`: mean here × ln(1 / rate).
 */
export function rankFeatures(
  text: CountedCodes,
  against: CountedCodes | undefined,
  { rank, rates }: Ranking,
): RankedFeature[] {
  const found = new Map<number, RankedFeature>();
  const of = (feature: number): RankedFeature => {
    let row = found.get(feature);
    if (!row) {
      row = { feature, score: 0, total: 0, max: 0, tokens: 0, againstTotal: 0, againstMax: 0, againstTokens: 0 };
      found.set(feature, row);
    }
    return row;
  }; // oxfmt-ignore
  text.codes.indices.forEach((feature, e) => {
    const [row, value] = [of(feature), text.codes.values[e]!];
    row.total += value;
    row.max = Math.max(row.max, value);
    row.tokens += 1;
  });
  against?.codes.indices.forEach((feature, e) => {
    const [row, value] = [of(feature), against.codes.values[e]!];
    row.againstTotal += value;
    row.againstMax = Math.max(row.againstMax, value);
    row.againstTokens += 1;
  });
  const mean = (total: number, { counted }: CountedCodes): number => (counted > 0 ? total / counted : 0);
  const score = (row: RankedFeature): number => {
    if (rank === 'total' || rank === 'max') return row[rank];
    const here = mean(row.total, text);
    if (rank === 'specificity') return here * -Math.log(rates![row.feature]!);
    return here - (against ? mean(row.againstTotal, against) : 0);
  };
  for (const row of found.values()) row.score = score(row);
  return [...found.values()].sort((a, b) => b.score - a.score || a.feature - b.feature);
}
