import type { AttentionScore } from './score.ts';

const corpus = { kind: 'attention', texts: 'corpus', factor: 'one', fromRow: 1, onlyWithKeys: true } as const;
const share = { unit: 'share of attention', range: [0, 1] as [number, number], signed: false };

export const punctuation: AttentionScore = {
  ...corpus,
  info: {
    id: 'punctuation',
    title: 'Punctuation',
    definition:
      'Attention to tokens of punctuation marks only, none of them a bracket or quotation mark: Σ A[t, s] over such s ≤ t, mean over the rows t ≥ 1 that have one.',
    ...share,
  },
  keys: ({ classes }, _, s) => classes[s] === 'punctuation',
};

export const brackets: AttentionScore = {
  ...corpus,
  info: {
    id: 'brackets',
    title: 'Brackets and quotes',
    definition:
      'Attention to tokens of punctuation marks only, one of them a bracket or quotation mark: Σ A[t, s] over such s ≤ t, mean over the rows t ≥ 1 that have one.',
    ...share,
  },
  keys: ({ classes }, _, s) => classes[s] === 'bracket',
};
