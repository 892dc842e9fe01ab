import type { ScanAccumulator } from '../../analysis/scan/accumulator.ts';
import { batchesOf, type CorpusChunks, type ScanWindow } from '../../analysis/scan/windows.ts';
import type { SparseCodes } from '../../dictionary/codes.ts';
import { FacetError } from '../../shared/errors.ts';

/** Who encodes windows, and what is done from time to time. */
export interface ScanWork {
  /** Rows of a batch. */
  rows: number;
  /** Codes of windows, as one piece of work. */
  encode: (windows: readonly ScanWindow[]) => Promise<SparseCodes[]>;
  /** Called after each chunk. */
  onChunk: (scan: ScanAccumulator) => void | Promise<void>;
}

/**
 * Reads on to the end of the corpus. A chunk that is stopped in is left out whole, so the result does not depend on how
 * often it was stopped.
 * @throws FacetError `cancelled` at the next batch when the signal fires, and what `encode` throws
 */
export async function readOn(
  scan: ScanAccumulator,
  chunks: CorpusChunks,
  { rows, encode, onChunk }: ScanWork,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    stopIf(signal);
    const chunk = await chunks.at(scan.cursor);
    if (!chunk) return;
    const encoded: { window: ScanWindow; codes: SparseCodes }[] = [];
    for (const windows of batchesOf(chunk.windows, rows)) {
      stopIf(signal);
      const codes = await encode(windows);
      windows.forEach((window, i) => encoded.push({ window, codes: codes[i]! }));
    }
    stopIf(signal);
    scan.add(chunk, encoded);
    await onChunk(scan);
  }
}

function stopIf(signal: AbortSignal): void {
  if (signal.aborted) throw new FacetError('cancelled', 'Cancelled.');
}
