import type { Answer, Contender, Prepared, Ways } from './contender.ts';
import { differenceOf } from './statistics.ts';

/** What became of one contender in one workload. */
export interface Outcome {
  name: string;
  kind: Contender['kind'];
  ours: boolean;
  part: boolean;
  /** Milliseconds of each round; none where it failed. */
  times: number[];
  /** Largest difference to the answer of `reference`, relative to the largest magnitude there. */
  difference?: number;
  /** Milliseconds until the first answer: weights on the device, compilation, first run. */
  firstMs?: number;
  /** Which of several ways was taken, where there are several. */
  way?: string;
  /** Ways that gave no answer or a wrong one, and the reason. */
  refused: Record<string, string>;
}

export interface Rounds {
  /** Least number, for those that take less than `slowMs` a round. */
  least: number;
  most: number;
  /** What the rounds of all may take together before it is enough. */
  budgetMs: number;
  /** Whoever takes longer is run `slowRounds` times. */
  slowMs: number;
  slowRounds: number;
  /** Whoever takes longer for its first answer is not run again: that one, weights and compilation included, is its time. */
  onceMs: number;
}

export const USUAL_ROUNDS: Rounds = {
  least: 7,
  most: 21,
  budgetMs: 60_000,
  slowMs: 20_000,
  slowRounds: 3,
  onceMs: 120_000,
};

/** Of f32 sums in another order over a few thousand terms, twelve layers deep. */
export const TOLERANCE = 2e-3;

/** A run that takes this long is not run again to be warm. */
const WARM_MS = 5_000;
const QUICK_MS = 1_000;

interface Runner {
  contender: Contender;
  prepared: Prepared;
  outcome: Outcome;
  slow: boolean;
}

/**
 * Prepares everyone, compares their answers, and times those that agree in turn: A B C A B C …
 * @param open the first one's answer is what the others' are compared with
 * @param offer undefined: left out
 * @param say told what happens, for somebody who waits
 */
export async function runRounds(
  open: Readonly<Record<string, () => Promise<Contender>>>,
  offer: (contender: Contender) => Ways | undefined,
  rounds: Rounds,
  say: (line: string) => void,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const runners: Runner[] = [];
  let reference: Answer | undefined;
  for (const [key, make] of Object.entries(open)) {
    let contender: Contender;
    try {
      contender = await make();
    } catch (thrown) {
      say(`${key} cannot be opened: ${reasonOf(thrown)}`);
      continue;
    }
    const ways = offer(contender);
    if (!ways) {
      contender.dispose();
      continue;
    }
    const { name, kind, ours, part = false } = contender;
    const outcome: Outcome = { name, kind, ours, part, times: [], refused: {} };
    outcomes.push(outcome);
    let best: Ready | undefined;
    for (const [way, prepare] of Object.entries(ways)) {
      try {
        const ready = await makeReady(prepare, reference, rounds.onceMs);
        reference ??= ready.answer;
        const said = `first after ${ready.firstMs.toFixed(0)} ms, then ${ready.ms.toFixed(1)} ms; difference ${ready.difference?.toExponential(1) ?? 'checked'}`;
        say(`${name}, ${way}: ${said}`);
        if (best && best.ms <= ready.ms) {
          ready.prepared.dispose();
          continue;
        }
        best?.prepared.dispose();
        best = ready;
        const { firstMs, difference } = ready;
        Object.assign(outcome, { firstMs, difference, ...(Object.keys(ways).length > 1 && { way }) });
      } catch (thrown) {
        outcome.refused[way] = reasonOf(thrown);
        say(`${name}, ${way}: ${outcome.refused[way]}`);
      }
    }
    if (best?.once) {
      outcome.times.push(best.ms);
      best.prepared.dispose();
      contender.dispose();
    } else if (best) {
      runners.push({ contender, outcome, prepared: best.prepared, slow: best.ms > rounds.slowMs });
    } else contender.dispose();
  }
  await inTurn(runners, rounds);
  for (const { prepared, contender } of runners) {
    prepared.dispose();
    contender.dispose();
  }
  return outcomes;
}

function reasonOf(thrown: unknown): string {
  return (thrown instanceof Error ? thrown.message : String(thrown)).slice(0, 500);
}

interface Ready {
  prepared: Prepared;
  answer?: Answer;
  difference?: number;
  firstMs: number;
  ms: number;
  /** It took too long to be run again. */
  once: boolean;
}

/** @throws Error when the answer is another than the reference */
async function makeReady(
  prepare: () => Promise<Prepared>,
  reference: Answer | undefined,
  onceMs: number,
): Promise<Ready> {
  const started = performance.now();
  const prepared = await prepare();
  try {
    const answer = await prepared.answer();
    const firstMs = performance.now() - started;
    const difference = answer && differenceOf(answer, reference ?? answer);
    if (difference !== undefined && !(difference <= TOLERANCE))
      throw new Error(`another answer, which differs by ${difference.toPrecision(2)}`);
    if (firstMs > onceMs) return { prepared, answer, difference, firstMs, ms: firstMs, once: true };
    // The first warms up: what was compiled for the whole answer may not be what is timed.
    let ms = await elapsed(prepared);
    if (ms < WARM_MS) ms = await elapsed(prepared);
    // Which of several ways is the fastest is not left to one run.
    for (let again = 0; again < 3 && ms < QUICK_MS; again++) ms = Math.min(ms, await elapsed(prepared));
    return { prepared, answer, difference, firstMs, ms, once: false };
  } catch (thrown) {
    prepared.dispose();
    throw thrown;
  }
}

async function elapsed(prepared: Prepared): Promise<number> {
  const started = performance.now();
  await prepared.run();
  return performance.now() - started;
}

async function inTurn(runners: readonly Runner[], rounds: Rounds): Promise<void> {
  const started = performance.now();
  for (let round = 0; round < rounds.most; round++) {
    if (round >= rounds.least && performance.now() - started > rounds.budgetMs) break;
    for (const { prepared, outcome, slow } of runners) {
      if (slow && round >= rounds.slowRounds) continue;
      outcome.times.push(await elapsed(prepared));
    }
  }
}
