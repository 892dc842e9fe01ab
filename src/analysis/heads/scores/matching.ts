import type { AttentionScore, ScoredText } from './score.ts';

const matching = { kind: 'attention', factor: 'one', fromRow: 1, onlyWithKeys: true } as const;
const share = { unit: 'share of attention', range: [0, 1] as [number, number], signed: false };

export const duplicateToken: AttentionScore = {
  ...matching,
  texts: 'corpus',
  info: {
    id: 'duplicate',
    title: 'Duplicate token',
    definition:
      'Attention to earlier occurrences of the same token: Σ A[t, s] over s < t with token s = token t, mean over the rows that have one.',
    ...share,
  },
  keys: ({ ids }, t, s) => s < t && ids[s] === ids[t],
};

/** Keys that follow an earlier occurrence of the query's token. */
const afterSame = ({ ids }: ScoredText, t: number, s: number): boolean =>
  s > 0 && s < t && ids[s - 1] === ids[t];

export const induction: AttentionScore = {
  ...matching,
  texts: 'repeated',
  info: {
    id: 'induction',
    title: 'Induction (prefix matching)',
    definition:
      'On random tokens that come twice in the same order (8 sequences of up to 2 × 50, drawn from the tokens of the corpus, or of the vocabulary where the corpus has fewer than 100 different ones): attention to what followed the token the first time, Σ A[t, s] over s < t with token s − 1 = token t, mean over the rows that have one.',
    ...share,
  },
  keys: afterSame,
};

export const inductionOnCorpus: AttentionScore = {
  ...matching,
  texts: 'corpus',
  info: {
    id: 'induction-corpus',
    title: 'Induction on the corpus',
    definition:
      'The same on the corpus: Σ A[t, s] over s < t with token s − 1 = token t, mean over the rows that have one.',
    ...share,
  },
  keys: afterSame,
};
