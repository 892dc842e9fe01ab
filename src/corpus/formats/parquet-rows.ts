import {
  type FileMetaData,
  parquetMetadataAsync,
  parquetRead,
  parquetSchema,
  snappyUncompress,
} from 'hyparquet';
import {
  decompressBrotli,
  decompressGzip,
  decompressLz4,
  decompressLz4Raw,
  decompressZstd,
} from 'hyparquet-compressors';
import { FacetError } from '../../shared/errors.ts';
import { JUDGED_ROWS, MOST_FIELDS, MOST_ITEMS } from '../limits.ts';
import type { Source } from '../source.ts';
import type { Row, Settings } from './format.ts';
import { recordRow } from './record.ts';

const FOOTER_BYTES = 32_000_000;
/** Of the columns that are read of one row group, which are in memory at once. */
const GROUP_BYTES = 500_000_000;
/** Of one page, once decompressed. */
const PAGE_BYTES = 256_000_000;
/** Rows handed on at a time, so that work can stop between. */
const BATCH = 5_000;
const HINT = 'Write the file anew, for example with pandas or DuckDB, or save it as CSV or JSON Lines.';

type Decompress = (input: Uint8Array, output: Uint8Array) => Uint8Array | void;
const CODECS: Readonly<Record<string, Decompress>> = {
  SNAPPY: snappyUncompress,
  ZSTD: decompressZstd,
  GZIP: (input, output) => decompressGzip(input, output.length),
  BROTLI: (input, output) => decompressBrotli(input, output.length),
  LZ4: (input, output) => decompressLz4(input, output.length),
  LZ4_RAW: (input, output) => decompressLz4Raw(input, output.length),
};

/** What pages are decompressed with: their length is the file's own word, so it is looked at before it is believed. */
const compressors = Object.fromEntries(
  Object.entries(CODECS).map(([codec, decompress]) => [
    codec,
    (input: Uint8Array, length: number): Uint8Array => {
      if (!(length >= 0 && length <= PAGE_BYTES)) throw new Error(`a page of ${length} bytes`);
      const output = new Uint8Array(length);
      // A page of nulls only has nothing in it, which not every reader takes.
      if (length === 0) return output;
      return decompress(input, output) ?? output;
    },
  ]),
);

/** Bytes of a source as hyparquet asks for them. */
const fileOf = (source: Source) => ({
  byteLength: source.blob.size,
  slice: async (from: number, to = source.blob.size): Promise<ArrayBuffer> => {
    if (!(from >= 0 && from <= to && to <= source.blob.size))
      throw new Error(`bytes ${from} to ${to} do not exist`);
    const bytes = await source.bytes(from, to);
    return bytes.buffer;
  },
});

/** Row groups one after the other, each read whole. See `Format.rows`. */
export async function* rows(source: Source, { field }: Settings): AsyncGenerator<Row[]> {
  const metadata = await guarded(source, () => readMetadata(source));
  const top = await guarded(source, () =>
    parquetSchema(metadata).children.map(({ element }) => element.name),
  );
  const chosen =
    field === undefined ? [] : top.filter((name) => name === field || field.startsWith(`${name}.`));
  const columns = [...new Set([...chosen, ...top.slice(0, MOST_FIELDS)])];
  if (top.length > MOST_FIELDS)
    source.note(`It has ${top.length} columns; the first ${MOST_FIELDS} are listed and kept.`);
  let line = 0;
  let start = 0;
  for (const group of metadata.row_groups) {
    // A preview looks at no more than it shows.
    const count = source.cut ? Math.min(JUDGED_ROWS, Number(group.num_rows)) : Number(group.num_rows);
    if (!(count >= 0 && count <= MOST_ITEMS)) throw source.bad(`a row group of ${count} rows`, HINT);
    const wanted = new Set(columns);
    const size = group.columns.reduce((sum, { meta_data: of }) => {
      if (!of || !wanted.has(of.path_in_schema[0] ?? '')) return sum;
      return sum + Math.max(Number(of.total_uncompressed_size), Number(of.total_compressed_size));
    }, 0);
    if (!(size <= GROUP_BYTES))
      throw source.bad(
        'one of its row groups has more than 500 MB',
        'Write it with smaller row groups, 100 MB or less.',
      );
    const first = start;
    const found = await guarded(source, () => readGroup(source, metadata, columns, first, first + count));
    if (found.length !== count) throw source.bad('a row group is shorter than it says', HINT);
    for (let at = 0; at < count; at += BATCH) {
      source.signal.throwIfAborted();
      yield found.slice(at, at + BATCH).map((cells) => {
        const record = Object.fromEntries(columns.map((name, i) => [name, cells[i]]));
        return recordRow(++line, record, field);
      });
      // Decoding gives no way to stop at; between two batches there is one.
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    if (source.cut) return;
    start += count;
    source.done = Math.min(
      source.blob.size,
      Math.round((start / Number(metadata.num_rows || 1n)) * source.blob.size),
    );
  }
}

async function readMetadata(source: Source): Promise<FileMetaData> {
  const size = source.blob.size;
  const end = size < 12 ? new Uint8Array(8) : await source.bytes(size - 8, size);
  if (String.fromCharCode(...end.subarray(4)) !== 'PAR1')
    throw source.bad('it does not end as a Parquet file does', HINT);
  const length = new DataView(end.buffer).getUint32(0, true);
  if (length > Math.min(FOOTER_BYTES, size - 12)) throw source.bad(`its footer claims ${length} bytes`, HINT);
  return parquetMetadataAsync(fileOf(source), { initialFetchSize: length + 8, geoparquet: false });
}

async function readGroup(
  source: Source,
  metadata: FileMetaData,
  columns: string[],
  rowStart: number,
  rowEnd: number,
): Promise<unknown[][]> {
  let found: unknown[][] = [];
  await parquetRead({
    file: fileOf(source),
    metadata,
    columns,
    rowStart,
    rowEnd,
    compressors,
    geoparquet: false,
    utf8: false,
    useOffsetIndex: source.cut,
    onComplete: (read) => {
      found = read;
    },
  });
  return found;
}

/** What goes wrong inside a library of readers is the file's fault. */
async function guarded<Result>(source: Source, read: () => Promise<Result> | Result): Promise<Result> {
  try {
    return await read();
  } catch (thrown) {
    source.signal.throwIfAborted();
    if (thrown instanceof FacetError) throw thrown;
    throw new FacetError('bad-file', `${source.name} is damaged or not a Parquet file.`, {
      hint: HINT,
      detail: String(thrown),
      cause: thrown,
    });
  }
}
