import type { HeadReader } from '../../analysis/heads/head-matrices.ts';
import { mostRows } from '../../analysis/heads/attention-scores.ts';
import type { Reading } from '../../analysis/heads/corpus.ts';
import type { Session } from '../session.ts';

/** What analyses of heads work with. */
export function readerOf(session: Session): HeadReader {
  const { opened } = session;
  return {
    model: opened.model,
    tokenizer: opened.tokenizer,
    turn: (work) => session.turn(work),
  };
}

/** How texts of a corpus are read: as all others, as long as the context and the memory for patterns allow. */
export function readingOf({ opened }: Session): Reading {
  const { tokenizer, prefix, info } = opened;
  return { tokenizer, prefix, rows: mostRows({ nCtx: info.nCtx, nHeads: info.nHeads }) };
}

/** Between two partial results. */
const PARTIAL_EVERY_MS = 1_000;

/** Calls `report` when it is time for another partial result. */
export function everySecond(report: () => void): () => void {
  let last = performance.now();
  return () => {
    if (performance.now() - last < PARTIAL_EVERY_MS) return;
    report();
    last = performance.now();
  };
}
