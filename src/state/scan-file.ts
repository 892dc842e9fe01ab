import { type Column, scanJson, type ScanTables, scanTables } from '../exchange/scan-tables.ts';
import { FacetError } from '../shared/errors.ts';
import { runningEngine } from './engine.ts';
import { labelOf, useNotes } from './notes.ts';
import { useScans } from './scans.ts';

export type { Column, ScanTables } from '../exchange/scan-tables.ts';
export { rowsOf } from '../exchange/scan-tables.ts';

/**
 * Everything that was read of the view's texts, as tables.
 * @throws FacetError `not-found` when nothing was
 */
export async function gatherScan(signal?: AbortSignal): Promise<ScanTables> {
  const engine = runningEngine();
  const { corpus } = useScans.getState();
  if (!engine || !corpus)
    throw new FacetError('not-found', 'Nothing was read of these texts.', { hint: 'Read them first.' });
  const dump = await engine.scan.dump(corpus, { signal });
  const notes = useNotes.getState();
  return scanTables(dump, (feature) => labelOf(feature)(notes) ?? '');
}

export const jsonOf = (tables: ScanTables): Blob =>
  new Blob([...scanJson(tables)], { type: 'application/json' });

/** The writer is fetched when it is first needed. */
export async function parquetOf(columns: readonly Column[], { about }: ScanTables): Promise<Blob> {
  const { tableParquet } = await import('../exchange/scan-parquet.ts');
  return new Blob([tableParquet(columns, about)], { type: 'application/vnd.apache.parquet' });
}
