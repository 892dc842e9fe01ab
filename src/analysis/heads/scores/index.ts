import { brackets, punctuation } from './classes.ts';
import { copying, copyingOnCorpus, nameMover } from './copying.ts';
import { duplicateToken, induction, inductionOnCorpus } from './matching.ts';
import { currentToken, distance, entropy, firstToken, local, longRange, previousToken } from './positions.ts';
import type { HeadScore } from './score.ts';
import { succession } from './succession.ts';

/** Every score of a head, in the order of menus. */
export const headScores: readonly HeadScore[] = [
  previousToken,
  firstToken,
  currentToken,
  duplicateToken,
  induction,
  inductionOnCorpus,
  copying,
  copyingOnCorpus,
  nameMover,
  succession,
  local,
  longRange,
  distance,
  entropy,
  punctuation,
  brackets,
];
