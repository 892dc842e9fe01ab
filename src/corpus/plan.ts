import { FacetError } from '../shared/errors.ts';
import { detectEncoding, known } from './encoding.ts';
import type { Format, Head, Row, Settings } from './formats/format.ts';
import { formatOf, FORMATS } from './formats/index.ts';
import { type Judged, judge } from './items.ts';
import { HEAD_BYTES, JUDGED_ROWS } from './limits.ts';
import type { ReadRequest } from './protocol.ts';
import { decodeHead, headOf, refuseBinary, Source } from './source.ts';

/** How a source is read, settled from its beginning. */
export interface Plan extends Judged {
  format: Format;
  /** Formats it may be in. */
  formats: readonly Format[];
  encoding: string;
  settings: Settings;
  /** The first rows, for a preview. */
  rows: Row[];
  notes: string[];
}

export const blobOf = ({ source }: ReadRequest): Blob =>
  typeof source === 'string' ? new Blob([source]) : source;

/**
 * Looks at the beginning of a source: at most 4 MB of text, or the first rows of a Parquet file.
 * @throws FacetError `bad-input` when it is empty or no text, `bad-file` when it breaks the rules of its format
 */
export async function planOf(request: ReadRequest, signal: AbortSignal): Promise<Plan> {
  const source = new Source(request.name, blobOf(request), signal, HEAD_BYTES);
  if (source.blob.size === 0)
    throw new FacetError('bad-input', `${source.name} is empty.`, {
      hint: 'Choose a file with texts in it.',
    });
  const bytes = await headOf(source);
  const encoding = encodingOf(request, bytes, source.cut);
  const text = decodeHead(bytes, encoding, source.cut);
  const extension = /\.([a-z0-9]{1,10})$/i.exec(request.name)?.[1]?.toLowerCase() ?? '';
  const head: Head = { name: source.name, extension, bytes, text, cut: source.cut };
  const likely = FORMATS.map((format) => ({ format, share: format.likely(head) }));
  const best = likely.reduce((most, other) => (other.share > most.share ? other : most));
  const format = request.format === undefined ? best.format : formatOf(request.format);
  if (format.isText) refuseBinary(source.name, bytes, text);
  const formats = FORMATS.filter(({ isText }) => isText === best.format.isText || isText === format.isText);

  source.encoding = encoding;
  const { field, header, delimiter } = request;
  const asked: Settings = { field, header, delimiter };
  const settings = format.settle?.(head, asked) ?? asked;
  const rows: Row[] = [];
  for await (const some of format.rows(source, settings)) {
    rows.push(...some.slice(0, JUDGED_ROWS - rows.length));
    if (rows.length >= JUDGED_ROWS) break;
  }
  const judged = judge(rows, field);
  if (
    field !== undefined &&
    !judged.fields.some(({ name }) => name === field) &&
    rows.some((row) => 'values' in row)
  )
    source.note(`There is no “${field}” in its first rows.`);
  const notes = [...source.notes, ...(judged.note ? [judged.note] : []), ...replacedNote(source)];
  return {
    ...judged,
    format,
    formats,
    encoding,
    settings: { ...settings, field: judged.field },
    rows,
    notes,
  };
}

export function replacedNote({ replaced, encoding }: Source): string[] {
  if (replaced === 0) return [];
  const count =
    replaced === 1 ? '1 character is' : `${new Intl.NumberFormat('en').format(replaced)} characters are`;
  return [`${count} shown as “�”: bytes that mean nothing in ${encoding}. Another encoding may read them.`];
}

function encodingOf({ source, encoding }: ReadRequest, head: Uint8Array, cut: boolean): string {
  if (typeof source === 'string') return 'utf-8';
  if (encoding === undefined) return detectEncoding(head, cut);
  const label = known(encoding);
  if (label) return label;
  throw new FacetError('bad-input', `This browser reads no encoding “${encoding}”.`, {
    hint: 'Choose one of the list.',
  });
}
