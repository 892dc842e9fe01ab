import type { AttentionScore } from './score.ts';

const corpus = { kind: 'attention', texts: 'corpus', factor: 'one', fromRow: 1 } as const;
const share = { unit: 'share of attention', range: [0, 1] as [number, number], signed: false };

export const previousToken: AttentionScore = {
  ...corpus,
  info: {
    id: 'previous',
    title: 'Previous token',
    definition: 'Mean attention to the token just before: A[t, t − 1] over t ≥ 1.',
    ...share,
  },
  keys: (_, t, s) => s === t - 1,
};

export const firstToken: AttentionScore = {
  ...corpus,
  info: {
    id: 'first',
    title: 'First token (sink)',
    definition:
      'Mean attention to row 0, the beginning-of-text token where the model reads one: A[t, 0] over t ≥ 2.',
    ...share,
  },
  keys: (_, _t, s) => s === 0,
  fromRow: 2,
};

export const currentToken: AttentionScore = {
  ...corpus,
  info: {
    id: 'current',
    title: 'Current token',
    definition: 'Mean attention of a token to itself: A[t, t] over t ≥ 1.',
    ...share,
  },
  keys: (_, t, s) => s === t,
};

const NEAR = 8;
const FAR = 64;

export const local: AttentionScore = {
  ...corpus,
  info: {
    id: 'local',
    title: `Local (within ${NEAR})`,
    definition: `Share of attention on the token itself and the ${NEAR} before it: Σ A[t, s] with t − s ≤ ${NEAR}, mean over t ≥ 1. Early rows have nothing farther away.`,
    ...share,
  },
  keys: (_, t, s) => t - s <= NEAR,
};

export const longRange: AttentionScore = {
  ...corpus,
  info: {
    id: 'long-range',
    title: `Long range (beyond ${FAR})`,
    definition: `Share of attention more than ${FAR} tokens back, row 0 not counted: Σ A[t, s] with t − s > ${FAR}, s ≥ 1, mean over rows t > ${FAR + 1}, which have such keys.`,
    ...share,
  },
  keys: (_, t, s) => t - s > FAR && s > 0,
  onlyWithKeys: true,
};

export const distance: AttentionScore = {
  ...corpus,
  info: {
    id: 'distance',
    title: 'Mean distance',
    definition:
      'How far back a head looks, weighted by attention: Σ A[t, s] · (t − s), mean over t ≥ 1. Attention to row 0 counts with its distance.',
    unit: 'tokens',
    range: null,
    signed: false,
  },
  keys: 'all',
  factor: 'distance',
};

export const entropy: AttentionScore = {
  ...corpus,
  info: {
    id: 'entropy',
    title: 'Entropy',
    definition:
      'How widely attention is spread: −Σ A[t, s] · log₂ A[t, s], mean over t ≥ 1. 0: one token gets all; log₂ n: n get the same.',
    unit: 'bits',
    range: null,
    signed: false,
  },
  keys: 'all',
  factor: 'surprise',
};
