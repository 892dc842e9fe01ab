import { copyingScore } from '../copying.ts';
import type { AttentionScore, ScoredText, WeightScore } from './score.ts';

export const copying: WeightScore = {
  kind: 'weights',
  info: {
    id: 'copying',
    title: 'Copying (OV eigenvalues)',
    definition:
      'Σ Re λ / Σ |λ| over the eigenvalues of the full OV circuit W_E W_V W_O W_U, gains of the norms folded in, their scales taken as 1, logits minus their mean: 1 raises the token it attends to, −1 lowers it.',
    unit: '',
    range: [-1, 1],
    signed: true,
  },
  compute: async (reader, head) => ({ value: await copyingScore(reader, head) }),
};

const rise = { unit: 'logits', range: null, signed: true };
const RISE =
  'rise[t, s] is what the value at s, through W_O and W_U, adds to the logit of token s, minus its mean over the vocabulary, norms’ scales as they are at t';

export const copyingOnCorpus: AttentionScore = {
  kind: 'attention',
  texts: 'corpus',
  info: {
    id: 'copying-corpus',
    title: 'Copying on the corpus',
    definition: `How much a head raises the logits of the tokens it attends to, on the direct path: Σ A[t, s] · rise[t, s] over tokens of the text, mean over t ≥ 1. ${RISE}.`,
    ...rise,
  },
  keys: ({ prefix }, _, s) => s >= prefix,
  factor: 'rise',
  fromRow: 1,
};

/** Where a name of that role begins; tokenizers may cut a name into several tokens. */
const begins = ({ labels }: ScoredText, role: string, row: number): boolean =>
  labels?.[row]?.role === role && labels[row - 1]?.role !== role;

/** The name that is the answer, where its sentence gave it, by its first token; only for the row just before the answer. */
function answerName(text: ScoredText, t: number, s: number): boolean {
  const { ids } = text;
  if (!begins(text, 'IO-answer', t + 1) || !begins(text, 'IO', s) || ids[s] !== ids[t + 1]) return false;
  for (let later = s + 1; later <= t; later++) if (begins(text, 'IO', later)) return false;
  return true;
}

export const nameMover: AttentionScore = {
  kind: 'attention',
  texts: 'corpus',
  info: {
    id: 'name-mover',
    title: 'Name mover',
    definition: `In Storyworld’s indirect-object sentences, at the token before the answer: attention to the name that is the answer times how much that raises it, A[t, s] · rise[t, s], mean over the sentences. ${RISE}.`,
    ...rise,
  },
  keys: answerName,
  factor: 'rise',
  fromRow: 1,
  onlyWithKeys: true,
};
