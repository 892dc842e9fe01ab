import { circuitPairs, type CircuitPair } from '../../analysis/heads/circuits.ts';
import { copyingScore } from '../../analysis/heads/copying.ts';
import { checkHead } from '../../analysis/heads/pattern.ts';
import { FacetError } from '../../shared/errors.ts';
import type { CircuitsRequest, HeadCircuits, Progress, TokenPair } from '../protocol.ts';
import type { Session } from '../session.ts';
import { readerOf } from './reading.ts';

const PAIRS = 40;
const MOST_PAIRS = 1_000;

/** See `HeadsApi.circuits`. @throws FacetError `bad-input`, `cancelled` */
export async function readCircuits(
  session: Session,
  { layer, head, pairs = PAIRS }: CircuitsRequest,
  onProgress: (progress: Progress) => void,
): Promise<HeadCircuits> {
  const reader = readerOf(session);
  const { model, tokenizer } = reader;
  checkHead(model, layer, head);
  if (!Number.isInteger(pairs) || pairs < 1 || pairs > MOST_PAIRS)
    throw new FacetError('bad-input', `The number of pairs must be a whole number from 1 to ${MOST_PAIRS}.`);
  const found = await circuitPairs(reader, { layer, head }, { pairs }, (done, total) =>
    onProgress({ phase: 'heads', what: 'token pairs', done, total, unit: 'steps' }),
  );
  const copying = await copyingScore(reader, { layer, head });
  const token = (id: number): TokenPair['from'] => ({ id, text: tokenizer.text(id) });
  const named = (pair: CircuitPair): TokenPair => ({
    from: token(pair.from),
    to: token(pair.to),
    value: pair.value,
  });
  return {
    layer,
    head,
    qk: found.qk.map(named),
    ov: found.ov.map(named),
    tokens: found.tokens,
    copying,
    notes: notesOn(session, layer, found.tokens),
  };
}

/** What the circuits leave out of this model. */
function notesOn({ opened }: Session, layer: number, tokens: number): string[] {
  const { dVocab, layers, learnedPositions, qkNorm, biases, norm } = opened.model.config;
  const notes = [
    layers[layer]!.rope &&
      'Queries and keys are rotated by their positions, which is left out: the QK pairs are those of two tokens at the same place.',
    learnedPositions &&
      'Position embeddings are left out: QK pairs show what a head looks for whatever the place.',
    qkNorm &&
      'Queries and keys are normalised before they meet, which is left out: compare QK pairs by rank only.',
    (biases.qkv || norm === 'LN') && 'Biases are left out.',
    layer > 0 &&
      'Heads above layer 0 read what earlier layers wrote, too; these pairs show only what they make of the token embeddings.',
    tokens < dVocab &&
      `The ${tokens.toLocaleString('en')} lowest of ${dVocab.toLocaleString('en')} ids were tried on either side; in byte-pair vocabularies these are the most frequent.`,
  ];
  return notes.filter((note) => typeof note === 'string');
}
