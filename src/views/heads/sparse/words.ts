import type { PatternInfo } from '../../../engine/protocol.ts';
import type { SparseChoice } from '../../../state/view-state.ts';

/** Who an assignment is about: `head 1.3`, `heads 2, 4 of every layer`, `layer 1`, `every layer`. */
export function whoText({ layer, heads }: Pick<SparseChoice, 'layer' | 'heads'>): string {
  const where = layer === null ? 'every layer' : `layer ${layer}`;
  if (heads === null) return where;
  if (heads.length === 1 && layer !== null) return `head ${layer}.${heads[0]}`;
  return `${heads.length === 1 ? 'head' : 'heads'} ${heads.join(', ')} of ${where}`;
}

/** A link may name a pattern this page does not have. */
export function patternTitle(patterns: readonly PatternInfo[] | undefined, id: string): string {
  return patterns?.find((pattern) => pattern.id === id)?.title ?? id;
}

export const LOOKS: Record<PatternInfo['looksAt'], string> = {
  positions: 'It looks at positions only.',
  'queries-and-keys': 'It looks at the queries and keys of the text.',
  pattern:
    'It looks at the true attention pattern, which costs as much as dense attention: a bound for what others can reach.',
};
