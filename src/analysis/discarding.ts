import type { Batch } from '../gpu/batch.ts';

/** What `record` records into a batch, which gives everything back when that fails. */
export function discarding<Result>(batch: Batch, record: () => Result): Result {
  try {
    return record();
  } catch (thrown) {
    batch.discard();
    throw thrown;
  }
}
