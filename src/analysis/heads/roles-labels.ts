import { FIRST_JUDGED, type HeadRun, type RoleText } from './roles-profile.ts';

export interface LabelScore {
  /** Number of `name = value`. */
  label: number;
  precision: number;
  recall: number;
  /** 2 · precision · recall / (precision + recall) */
  f1: number;
}

/** On how many judged tokens each label is. */
export function labelCounts(texts: readonly RoleText[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { labels } of texts) {
    for (const own of labels.slice(FIRST_JUDGED))
      for (const label of own) counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return counts;
}

/** Labels on fewer tokens than this are left out: one lucky firing would be a perfect score. */
const FEWEST = 8;

/**
 * How well firing tells labels: of the tokens where any of `latents` fires, the share that has the label (precision);
 * of those that have it, the share where one fires (recall). A label of the token after the firing counts as its own.
 * @returns best F1 first, at most `most`
 */
export function scoreLabels(
  run: HeadRun,
  latents: ReadonlySet<number>,
  texts: readonly RoleText[],
  counts: ReadonlyMap<number, number>,
  most: number,
): LabelScore[] {
  const hits = new Map<number, number>();
  let fired = 0;
  run.eachRow((text, row, from, to) => {
    if (!run.latent.slice(from, to).some((latent) => latents.has(latent))) return;
    fired += 1;
    for (const label of texts[text]!.labels[row]!) hits.set(label, (hits.get(label) ?? 0) + 1);
  });
  return [...hits]
    .filter(([label]) => counts.get(label)! >= FEWEST)
    .map(([label, hit]) => ({
      label,
      precision: hit / fired,
      recall: hit / counts.get(label)!,
      f1: (2 * hit) / (fired + counts.get(label)!),
    }))
    .sort((a, b) => b.f1 - a.f1 || a.label - b.label)
    .slice(0, most);
}
