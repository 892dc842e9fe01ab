import { parquetWriteBuffer } from 'hyparquet-writer';
import type { Column, ScanAbout } from './scan-tables.ts';

/** One table as a Parquet file, Snappy-compressed. Where it comes from is in the key `facet` of the file's metadata. */
export function tableParquet(columns: readonly Column[], about: ScanAbout): ArrayBuffer {
  return parquetWriteBuffer({
    columnData: columns.map(({ name, type, data }) => ({ name, type, data, nullable: false })),
    kvMetadata: [{ key: 'facet', value: JSON.stringify({ format: 'facet-scan', version: 1, ...about }) }],
    createdBy: 'Facet',
  });
}
