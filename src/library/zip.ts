import { FacetError } from '../shared/errors.ts';
import { damaged, type Damaged, type RandomAccess } from './random-access.ts';

/** One file of an archive. */
export interface ZipEntry {
  name: string;
  /** Bytes once unpacked. */
  size: number;
  /** Bytes from … to − 1 of the unpacked file. Deflated ones are unpacked as a stream, best read from front to back. */
  read(from: number, to: number): Promise<Uint8Array<ArrayBuffer>>;
}

const MOST = { directoryBytes: 16 * 2 ** 20, entries: 20_000 };
const END_BYTES = 22;
const LONGEST_COMMENT = 65_535;
/** DEFLATE cannot expand further: 258 bytes out of two bits. */
const LARGEST_EXPANSION = 1032;
const PIECE = 2 ** 20;

/**
 * The files of a zip archive, found through its central directory (zip64 too), never through local headers, whose sizes may
 * be placeholders. Entries must lie inside the file and not overlap, so that one cannot hide in another.
 * @param name of the archive, for messages
 * @throws FacetError `bad-file`, or `unsupported` for encryption and for methods other than STORED and DEFLATE
 * @source PKWARE APPNOTE.TXT 6.3.10, sections 4.3 and 4.5.3
 */
export async function openZip(name: string, file: RandomAccess): Promise<ZipEntry[]> {
  const bad = damaged(name, 'a zip archive');
  const directory = await findDirectory(file, bad);
  const view = viewOf(await file.read(directory.from, directory.from + directory.size));
  const headers: Header[] = [];
  let at = 0;
  for (let i = 0; i < directory.count; i++) {
    const header = readHeader(view, at, bad);
    headers.push(header);
    at = header.end;
  }
  const entries: ZipEntry[] = [];
  let reached = 0;
  for (const header of headers.sort((a, b) => a.offset - b.offset)) {
    if (header.offset < reached) throw bad('its files overlap');
    const from = await dataStart(file, header, directory.from, bad);
    reached = from + header.packed;
    entries.push(entryOf(file, header, from, bad));
  }
  return entries;
}

interface Directory {
  from: number;
  size: number;
  count: number;
}

async function findDirectory(file: RandomAccess, bad: Damaged): Promise<Directory> {
  if (file.size < END_BYTES) throw bad('it is too short');
  const tailFrom = Math.max(0, file.size - END_BYTES - LONGEST_COMMENT);
  const tail = viewOf(await file.read(tailFrom, file.size));
  let at = tail.byteLength - END_BYTES;
  while (
    at >= 0 &&
    !(
      tail.getUint32(at, true) === 0x06054b50 &&
      at + END_BYTES + tail.getUint16(at + 20, true) === tail.byteLength
    )
  )
    at -= 1;
  if (at < 0) throw bad('it has no directory');
  const limit = tailFrom + at;
  const directory: Directory = {
    count: tail.getUint16(at + 10, true),
    size: tail.getUint32(at + 12, true),
    from: tail.getUint32(at + 16, true),
  };
  const isLong = directory.count === 0xffff || directory.size === 0xffffffff || directory.from === 0xffffffff;
  if (isLong) Object.assign(directory, await longDirectory(file, limit, bad));
  if (directory.count > MOST.entries) throw bad(`it claims ${directory.count} files`);
  if (directory.size > MOST.directoryBytes || directory.from + directory.size > limit)
    throw bad('its directory lies outside the file');
  return directory;
}

/** The zip64 end record, whose place is told right before the ordinary one at `limit`. */
async function longDirectory(file: RandomAccess, limit: number, bad: Damaged): Promise<Directory> {
  if (limit < 76) throw bad('its zip64 directory is missing');
  const locator = viewOf(await file.read(limit - 20, limit));
  const from = long(locator, 8, bad);
  if (locator.getUint32(0, true) !== 0x07064b50 || from > limit - 76)
    throw bad('its zip64 directory is missing');
  const record = viewOf(await file.read(from, from + 56));
  if (record.getUint32(0, true) !== 0x06064b50) throw bad('its zip64 directory is missing');
  return { count: long(record, 32, bad), size: long(record, 40, bad), from: long(record, 48, bad) };
}

interface Header {
  name: string;
  method: number;
  packed: number;
  size: number;
  offset: number;
  /** Where the next header begins. */
  end: number;
}

function readHeader(view: DataView, at: number, bad: Damaged): Header {
  if (at + 46 > view.byteLength || view.getUint32(at, true) !== 0x02014b50)
    throw bad('its directory is cut off');
  const nameBytes = view.getUint16(at + 28, true);
  const extraBytes = view.getUint16(at + 30, true);
  const end = at + 46 + nameBytes + extraBytes + view.getUint16(at + 32, true);
  if (end > view.byteLength) throw bad('its directory is cut off');
  const name = new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + at + 46, nameBytes));
  const header: Header = {
    name,
    method: view.getUint16(at + 10, true),
    packed: view.getUint32(at + 20, true),
    size: view.getUint32(at + 24, true),
    offset: view.getUint32(at + 42, true),
    end,
  };
  readLongFields(view, at + 46 + nameBytes, at + 46 + nameBytes + extraBytes, header, bad);
  const shown = `"${name.slice(0, 80)}"`;
  if ((view.getUint16(at + 8, true) & 1) !== 0) throw new FacetError('unsupported', `${shown} is encrypted.`);
  if (header.method !== 0 && header.method !== 8)
    throw new FacetError(
      'unsupported',
      `${shown} is packed by method ${header.method}; supported are 0 and 8.`,
    );
  if (header.method === 0 ? header.size !== header.packed : header.size > header.packed * LARGEST_EXPANSION)
    throw bad(`${shown} claims ${header.size} bytes out of ${header.packed}`);
  return header;
}

/** Extra field 1 holds, in this order, those of size, packed size and offset whose ordinary field is full. */
function readLongFields(view: DataView, from: number, to: number, header: Header, bad: Damaged): void {
  for (let at = from; at + 4 <= to; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 1) continue;
    const end = Math.min(to, at + 4 + view.getUint16(at + 2, true));
    let field = at + 4;
    for (const key of ['size', 'packed', 'offset'] as const) {
      if (header[key] !== 0xffffffff) continue;
      if (field + 8 > end) throw bad('its directory is cut off');
      header[key] = long(view, field, bad);
      field += 8;
    }
    return;
  }
}

/** The data follow a local header whose name and extra field may be longer than the directory's. */
async function dataStart(file: RandomAccess, header: Header, limit: number, bad: Damaged): Promise<number> {
  const shown = `"${header.name.slice(0, 80)}"`;
  if (header.offset + 30 > limit) throw bad(`${shown} lies outside the file`);
  const local = viewOf(await file.read(header.offset, header.offset + 30));
  if (local.getUint32(0, true) !== 0x04034b50) throw bad(`${shown} is not where the directory says`);
  const from = header.offset + 30 + local.getUint16(26, true) + local.getUint16(28, true);
  if (from + header.packed > limit) throw bad(`${shown} lies outside the file`);
  return from;
}

function entryOf(file: RandomAccess, header: Header, from: number, bad: Damaged): ZipEntry {
  const { name, size } = header;
  if (header.method === 0) return { name, size, read: (a, b) => file.read(from + a, from + b) };
  const inflated = new Inflated(file, header, from, bad);
  return { name, size, read: (a, b) => inflated.read(a, b) };
}

/** Reads a deflated entry from front to back; a read that begins before the last one's end starts over. */
class Inflated {
  #stream: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | undefined;
  /** Unpacked bytes at hand, the first of which is byte `#at` of the entry. */
  #rest = new Uint8Array(0);
  #at = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly file: RandomAccess,
    private readonly header: Header,
    private readonly start: number,
    private readonly bad: Damaged,
  ) {}

  read(from: number, to: number): Promise<Uint8Array<ArrayBuffer>> {
    const mine = this.#turn.then(() => this.#read(from, to));
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  async #read(from: number, to: number): Promise<Uint8Array<ArrayBuffer>> {
    if (!this.#stream || from < this.#at) this.#restart();
    const out = new Uint8Array(to - from);
    let written = 0;
    while (written < out.length) {
      if (this.#rest.length === 0) {
        this.#rest = await this.#next();
        continue;
      }
      const skip = Math.min(this.#rest.length, Math.max(0, from - this.#at));
      const take = Math.min(this.#rest.length - skip, out.length - written);
      out.set(this.#rest.subarray(skip, skip + take), written);
      written += take;
      this.#at += skip + take;
      this.#rest = this.#rest.subarray(skip + take);
    }
    return out;
  }

  #restart(): void {
    void this.#stream?.cancel().catch(() => undefined);
    const { file, start } = this;
    const end = start + this.header.packed;
    let at = start;
    const packed = new ReadableStream<Uint8Array<ArrayBuffer>>({
      async pull(controller) {
        if (at >= end) return controller.close();
        const to = Math.min(end, at + PIECE);
        controller.enqueue(await file.read(at, to));
        at = to;
      },
    });
    this.#stream = packed.pipeThrough(new DecompressionStream('deflate-raw')).getReader();
    this.#rest = new Uint8Array(0);
    this.#at = 0;
  }

  async #next(): Promise<Uint8Array<ArrayBuffer>> {
    const shown = `"${this.header.name.slice(0, 80)}"`;
    try {
      const { value, done } = await this.#stream!.read();
      if (!done) return value;
    } catch (cause) {
      this.#stream = undefined;
      if (cause instanceof FacetError) throw cause;
      throw this.bad(`${shown} cannot be unpacked`);
    }
    this.#stream = undefined;
    throw this.bad(`${shown} is shorter than the directory says`);
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function long(view: DataView, at: number, bad: Damaged): number {
  const value = view.getBigUint64(at, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw bad(`it claims a size of ${value}`);
  return Number(value);
}
