import { FacetError } from '../shared/errors.ts';
import { HEAD_BYTES } from './limits.ts';

/** Large enough to read fast, small enough to stop at soon. */
const SLICE = 1 << 20;
/** A program, not a text, when more of its characters than this share are controls. */
const MOST_CONTROLS = 0.02;

/** A file that is read: its bytes a slice at a time, its text decoded on the way. */
export class Source {
  encoding = 'utf-8';
  /** Characters of what was decoded that stand for bytes that mean nothing. */
  replaced = 0;
  /** Bytes read so far. */
  done = 0;
  readonly notes = new Set<string>();
  /** Only the beginning of the file is read. */
  readonly cut: boolean;

  /** @param most bytes that are read of it */
  constructor(
    readonly name: string,
    readonly blob: Blob,
    readonly signal: AbortSignal,
    private readonly most = Infinity,
    /** For tests: bytes of a slice. */
    private readonly slice = SLICE,
  ) {
    this.cut = blob.size > most;
  }

  get size(): number {
    return Math.min(this.blob.size, this.most);
  }

  note(text: string): void {
    this.notes.add(text);
  }

  bad(why: string, hint: string): FacetError {
    return new FacetError('bad-file', `${this.name} cannot be read: ${why}.`, { hint });
  }

  /** Exactly bytes from … to − 1. @throws FacetError `bad-file` when the file was changed, `cancelled` */
  async bytes(from: number, to: number): Promise<Uint8Array<ArrayBuffer>> {
    this.signal.throwIfAborted();
    let cause: unknown;
    try {
      const bytes = new Uint8Array(await this.blob.slice(from, to).arrayBuffer());
      if (bytes.length === to - from) return bytes;
    } catch (thrown) {
      cause = thrown;
    }
    throw new FacetError('bad-file', `${this.name} cannot be read any more.`, {
      hint: 'It was changed, moved or removed since it was chosen; choose it again.',
      detail: cause instanceof Error ? cause.message : undefined,
      cause,
    });
  }

  /** Whoever takes a slice asks for the next: nothing is read ahead. */
  async *slices(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    for (let at = 0; at < this.size; at += this.slice) {
      const bytes = await this.bytes(at, Math.min(this.size, at + this.slice));
      yield bytes;
      this.done = at + bytes.length;
    }
  }

  /** Its text, a slice at a time, without a byte order mark, lines ending in `\n`. */
  async *text(): AsyncGenerator<string> {
    const decoder = new TextDecoder(this.encoding);
    const ends = new LineEnds();
    for await (const bytes of this.slices())
      yield this.#tally(ends.feed(decoder.decode(bytes, { stream: true }), false));
    // Half a character at the end of a preview is not broken.
    yield this.cut ? '' : this.#tally(ends.feed(decoder.decode(), true));
  }

  #tally(text: string): string {
    for (let at = -1; (at = text.indexOf('\ufffd', at + 1)) >= 0;) this.replaced++;
    return text;
  }
}

/** Makes `\n` of `\r\n` and `\r`, wherever a text is cut. */
export class LineEnds {
  #held = false;

  feed(text: string, last: boolean): string {
    let whole = this.#held ? `\r${text}` : text;
    this.#held = !last && whole.endsWith('\r');
    if (this.#held) whole = whole.slice(0, -1);
    return whole.includes('\r') ? whole.replace(/\r\n?/g, '\n') : whole;
  }
}

/** The first bytes of a source, and their text. */
export function decodeHead(bytes: Uint8Array, encoding: string, cut: boolean): string {
  const text = new TextDecoder(encoding).decode(bytes, { stream: cut });
  return new LineEnds().feed(text, !cut);
}

export async function headOf(source: Source): Promise<Uint8Array<ArrayBuffer>> {
  return source.bytes(0, Math.min(source.blob.size, HEAD_BYTES));
}

const MAGIC: readonly [string, string, string][] = [
  [
    'PK\x03\x04',
    'a zip archive or an Excel or Word file',
    'Unpack it, or save it as CSV or text, and choose that',
  ],
  ['\x1f\x8b', 'a gzip archive', 'Unpack it and choose the file inside'],
  ['BZh', 'a bzip2 archive', 'Unpack it and choose the file inside'],
  ['\xfd7zXZ', 'an xz archive', 'Unpack it and choose the file inside'],
  ['\x28\xb5\x2f\xfd', 'a zstd archive', 'Unpack it and choose the file inside'],
  ['7z\xbc\xaf', 'a 7z archive', 'Unpack it and choose the file inside'],
  ['%PDF-', 'a PDF', 'Export its text and choose that'],
  ['\x89PNG', 'an image', 'Choose a file of texts'],
  ['\xff\xd8\xff', 'an image', 'Choose a file of texts'],
  ['GIF8', 'an image', 'Choose a file of texts'],
  ['ARROW1', 'an Arrow file', 'Save it as Parquet, CSV or JSON Lines and choose that'],
  ['SQLite format 3', 'a database', 'Export a table as CSV and choose that'],
  ['PAR1', 'a Parquet file', 'Choose the format Parquet'],
];

/**
 * @param text decoded beginning
 * @throws FacetError `bad-input` when it is no text, naming what it is where that is known
 */
export function refuseBinary(name: string, head: Uint8Array, text: string): void {
  const start = String.fromCharCode(...head.subarray(0, 16));
  const [, what, hint] = MAGIC.find(([magic]) => start.startsWith(magic)) ?? [];
  if (what) throw new FacetError('bad-input', `${name} is ${what}, not text.`, { hint: `${hint}.` });
  const sample = text.slice(0, 65_536);
  let controls = 0;
  let zeros = 0;
  for (let i = 0; i < sample.length; i++) {
    const unit = sample.charCodeAt(i);
    if (unit === 0) zeros++;
    // Tab, line feed, form feed and escape are found in texts.
    if (unit < 0x20 && ![0x09, 0x0a, 0x0c, 0x1b].includes(unit)) controls++;
  }
  if (zeros === 0 && controls <= sample.length * MOST_CONTROLS) return;
  throw new FacetError(
    'bad-input',
    `${name} is not text: ${zeros > 0 ? `${zeros} of its first ${sample.length} characters are NUL` : 'it is full of control characters'}.`,
    {
      hint: 'If it is text, choose its encoding. Else export its texts as .txt, .csv or .jsonl and choose that file.',
    },
  );
}
