import { FacetError } from '../../shared/errors.ts';

/** A dictionary's room at least doubles each time. */
const MOST_TRIES = 8;

/**
 * Tries until every dictionary had room for the features it met: see `PassEdits.settle`.
 * @param attempt records and runs; undefined when it must be done again
 * @throws FacetError `bug` when it never has enough
 */
export async function settled<Result>(attempt: () => Promise<Result | undefined>): Promise<Result> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const done = await attempt();
    if (done !== undefined) return done;
  }
  throw new FacetError('bug', 'interventions asked for more room each time');
}
