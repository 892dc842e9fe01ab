import type { FeatureLabel, ScanStatistics } from '../engine/protocol.ts';

/** All words that are known of a feature. */
export interface FeatureWords {
  /** The visitor's own label and note, or an imported explanation. */
  own: string;
  note: string;
  /** Where it fires most in the scan. */
  topToken: string;
  promoted: readonly string[];
}

export interface KnownWords {
  labels: Readonly<Record<number, FeatureLabel>>;
  statistics?: Pick<ScanStatistics, 'topTokens'>;
  own: (feature: number) => { label: string; note: string } | undefined;
}

export function wordsOf({ labels, statistics, own }: KnownWords, feature: number): FeatureWords {
  const { label = '', note = '' } = own(feature) ?? {};
  return {
    own: label,
    note,
    topToken: statistics?.topTokens[feature] ?? '',
    promoted: labels[feature]?.promoted ?? [],
  };
}

/** What of a feature's words a search is in; the more telling first. */
export const WORD_PLACES = ['label', 'note', 'top token', 'promoted'] as const;
export type WordPlace = (typeof WORD_PLACES)[number];

/** @param search in lower case, not empty @returns undefined where it is in none */
export function wordPlace(words: FeatureWords, search: string): WordPlace | undefined {
  const holds = (text: string): boolean => text.toLowerCase().includes(search);
  if (holds(words.own)) return 'label';
  if (holds(words.note)) return 'note';
  if (holds(words.topToken)) return 'top token';
  return words.promoted.some(holds) ? 'promoted' : undefined;
}

/** Lower case; spaces at the ends count where there are words beside them, so that tokens can be told apart. */
export const searchText = (typed: string): string => (typed.trim() === '' ? '' : typed.toLowerCase());
