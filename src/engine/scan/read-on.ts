import type { ScanAccumulator } from '../../analysis/scan/accumulator.ts';
import {
  batchesOf,
  type CorpusChunks,
  type ScanChunk,
  type ScanWindow,
} from '../../analysis/scan/windows.ts';
import type { SparseCodes } from '../../dictionary/codes.ts';
import { FacetError } from '../../shared/errors.ts';

/** Who reads chunks, and what is done from time to time. */
export interface ScanWork {
  /** Reads a chunk and adds it to the scan, whole or not at all. @param stop throws when the signal has fired */
  readChunk: (scan: ScanAccumulator, chunk: ScanChunk, stop: () => void) => Promise<void>;
  /** Called after each chunk. */
  onChunk: (scan: ScanAccumulator) => void | Promise<void>;
}

/**
 * Reads on to the end of the corpus. A chunk that is stopped in is left out whole, so the result does not depend on how
 * often it was stopped.
 * @throws FacetError `cancelled` at the next batch when the signal fires, and what reading throws
 */
export async function readOn(
  scan: ScanAccumulator,
  chunks: CorpusChunks,
  { readChunk, onChunk }: ScanWork,
  signal: AbortSignal,
): Promise<void> {
  const stop = (): void => {
    if (signal.aborted) throw new FacetError('cancelled', 'Cancelled.');
  };
  for (;;) {
    stop();
    const chunk = await chunks.at(scan.cursor);
    if (!chunk) return;
    await readChunk(scan, chunk, stop);
    await onChunk(scan);
  }
}

/** Chunks by their codes. @param rows of a batch @param encode gives the codes of windows, as one piece of work */
export const byCodes =
  (rows: number, encode: (windows: readonly ScanWindow[]) => Promise<SparseCodes[]>): ScanWork['readChunk'] =>
  async (scan, chunk, stop) => {
    const encoded: { window: ScanWindow; codes: SparseCodes }[] = [];
    for (const windows of batchesOf(chunk.windows, rows)) {
      stop();
      const codes = await encode(windows);
      windows.forEach((window, i) => encoded.push({ window, codes: codes[i]! }));
    }
    stop();
    scan.add(chunk, encoded);
  };
