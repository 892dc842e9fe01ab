import { Rng } from '../../storyworld/rng.ts';
import { FacetError } from '../../shared/errors.ts';

/** How the next token is chosen from the logits. */
export interface Sampling {
  /** 0: the likeliest, ties by lowest id. */
  temperature: number;
  /** Only the k likeliest; 0: all. */
  topK: number;
  /** Only the likeliest that together have at least this probability; 1: all. */
  topP: number;
  /**
   * Logits of tokens that stand in the text already are divided by it when positive, multiplied when negative; 1: not.
   * @source Keskar et al. 2019, arXiv:1909.05858, as in transformers' RepetitionPenaltyLogitsProcessor
   */
  repetitionPenalty: number;
  /** Step i of seed s draws the same number whatever was chosen before, so that arms share their luck. */
  seed: number;
}

/** Temperatures below count as 0: logits divided by them may leave the numbers there are. */
const LEAST_TEMPERATURE = 1e-6;

/**
 * What is drawn from: penalty, temperature, top-k and top-p, in that order, as transformers' processors. Logits that tie
 * with the k-th all stay; of those that tie at the edge of top-p the lowest ids do.
 * @param logits [V] of one row
 * @param seen ids that stand in the text already
 * @param vocabSize ids from here on have no token and are never chosen; models' vocabularies are padded
 * @returns [min(V, vocabSize)] probabilities, 0 for what cannot be chosen; with temperature 0, 1 for the likeliest
 * @source transformers 5 `generation/logits_process.py`
 */
export function nextDistribution(
  logits: ArrayLike<number>,
  { temperature, topK, topP, repetitionPenalty }: Omit<Sampling, 'seed'>,
  seen: Iterable<number>,
  vocabSize: number,
): Float64Array {
  const scores = new Float64Array(Math.min(logits.length, vocabSize));
  for (let id = 0; id < scores.length; id++) scores[id] = logits[id]!;
  if (repetitionPenalty !== 1) {
    for (const id of new Set(seen)) {
      const score = scores[id];
      if (score !== undefined) scores[id] = score < 0 ? score * repetitionPenalty : score / repetitionPenalty;
    }
  }
  if (temperature < LEAST_TEMPERATURE) {
    const likeliest = scores.reduce((best, score, id) => (score > scores[best]! ? id : best), 0);
    return scores.fill(0).fill(1, likeliest, likeliest + 1);
  }
  if (temperature !== 1) for (let id = 0; id < scores.length; id++) scores[id]! /= temperature;
  if (topK > 0 && topK < scores.length) {
    const least = scores.toSorted().at(-topK)!;
    for (let id = 0; id < scores.length; id++) if (scores[id]! < least) scores[id] = -Infinity;
  }
  const probs = softmax(scores);
  return topP < 1 ? onlyLikeliest(probs, topP) : probs;
}

/** In place. */
function softmax(scores: Float64Array): Float64Array {
  const highest = scores.reduce((most, score) => Math.max(most, score), -Infinity);
  let sum = 0;
  for (let id = 0; id < scores.length; id++) sum += scores[id] = Math.exp(scores[id]! - highest);
  for (let id = 0; id < scores.length; id++) scores[id]! /= sum;
  return scores;
}

/** Leaves the fewest that have `topP` of the probability, at least one; the rest become 0 and these add up to 1. */
function onlyLikeliest(probs: Float64Array, topP: number): Float64Array {
  const rising = probs.toSorted();
  let first = 0;
  for (let below = rising[0]!; below <= 1 - topP && first < rising.length - 1; below += rising[first]!)
    first += 1;
  const least = rising[first]!;
  let ties = 0;
  while (rising[first + ties] === least) ties += 1;
  let sum = 0;
  for (let id = 0; id < probs.length; id++) {
    if (probs[id]! < least || (probs[id] === least && ties-- <= 0)) probs[id] = 0;
    sum += probs[id]!;
  }
  for (let id = 0; id < probs.length; id++) probs[id]! /= sum;
  return probs;
}

/**
 * The number in [0, 1) that step `step` of a seed draws: the first of Storyworld's generator, whose stream is the step.
 */
export function drawOf(seed: number, step: number): number {
  return new Rng(seed, step).unit();
}

/**
 * The id at a place of the cumulative distribution over ids in rising order, so that nearly the same distribution gives
 * nearly always the same id.
 * @param draw in [0, 1)
 */
export function chooseAt(probs: ArrayLike<number>, draw: number): number {
  let reached = 0;
  let last = 0;
  for (let id = 0; id < probs.length; id++) {
    if (probs[id] === 0) continue;
    reached += probs[id]!;
    last = id;
    if (draw < reached) return id;
  }
  // Rounding may leave the sum a little below 1.
  return last;
}

/** @throws FacetError `bad-input` naming what is out of range */
export function checkSampling({ temperature, topK, topP, repetitionPenalty, seed }: Sampling): void {
  const wrong =
    (!(temperature >= 0 && temperature <= 100) && 'The temperature must be from 0 to 100.') ||
    (!(Number.isInteger(topK) && topK >= 0) && 'Top-k must be a whole number, 0 for all.') ||
    (!(topP > 0 && topP <= 1) && 'Top-p must be above 0 and at most 1.') ||
    (!(repetitionPenalty > 0 && repetitionPenalty <= 100) &&
      'The repetition penalty must be above 0 and at most 100.') ||
    (!(Number.isSafeInteger(seed) && seed >= 0) && 'The seed must be a whole number of 0 or more.');
  if (wrong) throw new FacetError('bad-input', wrong);
}
