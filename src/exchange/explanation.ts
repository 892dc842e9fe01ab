/** Text about a feature that came from elsewhere: shown, not edited. */
export interface Explanation {
  description: string;
  /** How it was made, e.g. `oai_token-act-pair`; `''` unknown. */
  type: string;
  /** Model or person that wrote it; `''` unknown. */
  author: string;
  /** Where it was said, e.g. `gpt2-small/8-res-jb`. */
  source: string;
  scores: { type: string; value: number }[];
}

/** UTF-16 code units. */
export const MAX_DESCRIPTION = 10_000;
export const MAX_NAME = 200;
export const MAX_SCORES = 32;
/** Of one dictionary, and of one feature. */
export const MAX_EXPLANATIONS = 200_000;
export const MAX_PER_FEATURE = 50;

/** The same text from the same place. */
export const explanationKey = ({ description, type, author, source }: Explanation): string =>
  JSON.stringify([description, type, author, source]);

/** Its best score, whatever kind that is; −∞ without one. */
export const bestScore = ({ scores }: Explanation): number =>
  scores.reduce((most, { value }) => Math.max(most, value), -Infinity);

/** The explanation a feature is called by where only one is shown: the best scored, of equals the first. */
export const bestExplanation = (all: readonly Explanation[] = []): Explanation | undefined =>
  all.reduce<Explanation | undefined>(
    (best, one) => (best && bestScore(best) >= bestScore(one) ? best : one),
    undefined,
  );

/** Explanations by feature. */
export type Explanations = Readonly<Record<number, readonly Explanation[]>>;

export interface AddedExplanations {
  all: Record<number, readonly Explanation[]>;
  added: number;
  /** Were there already. */
  known: number;
  /** Found no room. */
  left: number;
}

/** Adds those that are not there yet, within the bounds of a feature and of a dictionary. */
export function addExplanations(
  before: Explanations,
  more: Iterable<{ feature: number; explanation: Explanation }>,
): AddedExplanations {
  const all: Record<number, readonly Explanation[]> = { ...before };
  let total = Object.values(before).reduce((sum, { length }) => sum + length, 0);
  const counts = { added: 0, known: 0, left: 0 };
  for (const { feature, explanation } of more) {
    const there = all[feature] ?? [];
    const key = explanationKey(explanation);
    if (there.some((one) => explanationKey(one) === key)) counts.known++;
    else if (total >= MAX_EXPLANATIONS || there.length >= MAX_PER_FEATURE) counts.left++;
    else {
      all[feature] = [...there, explanation];
      total++;
      counts.added++;
    }
  }
  return { all, ...counts };
}
