import { FacetError } from '../shared/errors.ts';
import type { Damaged, RandomAccess } from './random-access.ts';

export type GgufValue = number | bigint | boolean | string | GgufArray;
/** Numbers (0 and 1 for truth values) as a typed array of the file's own width, or texts, or lists. */
export type GgufArray = TypedArray | readonly GgufValue[];

/** One tensor as the header describes it; nothing is checked against the file yet. */
export interface GgufTensor {
  name: string;
  /** ggml's order, fastest first. */
  ne: number[];
  /** ggml's number of the type. */
  type: number;
  /** From the start of the data. */
  offset: number;
}

export interface GgufHeader {
  metadata: ReadonlyMap<string, GgufValue>;
  tensors: GgufTensor[];
  /** Where the header ends, before padding. */
  end: number;
}

const MOST = {
  headerBytes: 128 * 2 ** 20,
  keys: 65_536,
  keyBytes: 65_535,
  tensors: 100_000,
  tensorNameBytes: 1024,
  stringBytes: 4 * 2 ** 20,
  arrayItems: 4 * 2 ** 20,
  arrayDepth: 3,
  axes: 4,
};
const FIRST_PIECE = 65_536;
const LARGEST_PIECE = 4 * 2 ** 20;

const STRING = 8;
const ARRAY = 9;
type ReadNumber = (view: DataView, at: number) => number | bigint | boolean;
type TypedArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | BigUint64Array
  | BigInt64Array
  | Float64Array;
interface Scalar {
  read: ReadNumber;
  /** What a list of them becomes; it has the width. */
  list: { new (buffer: ArrayBuffer): TypedArray; BYTES_PER_ELEMENT: number };
}
const SCALARS = new Map<number, Scalar>([
  [0, { list: Uint8Array, read: (view, at) => view.getUint8(at) }],
  [1, { list: Int8Array, read: (view, at) => view.getInt8(at) }],
  [2, { list: Uint16Array, read: (view, at) => view.getUint16(at, true) }],
  [3, { list: Int16Array, read: (view, at) => view.getInt16(at, true) }],
  [4, { list: Uint32Array, read: (view, at) => view.getUint32(at, true) }],
  [5, { list: Int32Array, read: (view, at) => view.getInt32(at, true) }],
  [6, { list: Float32Array, read: (view, at) => view.getFloat32(at, true) }],
  [7, { list: Uint8Array, read: (view, at) => view.getUint8(at) !== 0 }],
  [10, { list: BigUint64Array, read: (view, at) => plain(view.getBigUint64(at, true)) }],
  [11, { list: BigInt64Array, read: (view, at) => plain(view.getBigInt64(at, true)) }],
  [12, { list: Float64Array, read: (view, at) => view.getFloat64(at, true) }],
]);

function plain(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/**
 * Reads the header of GGUF version 2 or 3 in pieces that grow, because vocabularies make it several megabytes. Counts and
 * lengths are held against the bytes that are left before anything is allocated for them.
 * @throws FacetError `bad-file` or `unsupported`
 * @source https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
export async function readHeader(file: RandomAccess, bad: Damaged): Promise<GgufHeader> {
  const cursor = new Cursor(file, bad);
  await cursor.need(24, 'it is too short');
  if (cursor.u32() !== 0x46554747) throw bad('it does not begin with GGUF');
  const version = cursor.u32();
  if (version !== 2 && version !== 3) {
    const shown = version > 0xffff ? 'big-endian' : `version ${version}`;
    throw new FacetError('unsupported', `GGUF files that are ${shown} are not supported.`, {
      hint: 'Supported are little-endian files of version 2 and 3.',
    });
  }
  const tensorCount = cursor.count('tensors', MOST.tensors, 24);
  const keyCount = cursor.count('metadata entries', MOST.keys, 13);
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < keyCount; i++) {
    const key = await readString(cursor, MOST.keyBytes);
    if (metadata.has(key)) throw bad(`its metadata has "${key.slice(0, 80)}" twice`);
    await cursor.need(4, 'its metadata is cut off');
    metadata.set(key, await readValue(cursor, cursor.u32(), 0));
  }
  const tensors: GgufTensor[] = [];
  for (let i = 0; i < tensorCount; i++) tensors.push(await readTensor(cursor));
  return { metadata, tensors, end: cursor.position };
}

async function readTensor(cursor: Cursor): Promise<GgufTensor> {
  const name = await readString(cursor, MOST.tensorNameBytes);
  await cursor.need(4, 'its list of tensors is cut off');
  const axes = cursor.u32();
  if (axes > MOST.axes) throw cursor.bad(`tensor "${name.slice(0, 80)}" has ${axes} axes`);
  await cursor.need(axes * 8 + 12, 'its list of tensors is cut off');
  const ne = Array.from({ length: axes }, () => cursor.u64());
  return { name, ne, type: cursor.u32(), offset: cursor.u64() };
}

async function readString(cursor: Cursor, most: number): Promise<string> {
  await cursor.need(8, 'a text is cut off');
  const length = cursor.u64();
  if (length > most) throw cursor.bad(`a text claims ${length} bytes`);
  await cursor.need(length, 'a text is cut off');
  return cursor.text(length);
}

async function readValue(cursor: Cursor, type: number, depth: number): Promise<GgufValue> {
  if (type === STRING) return readString(cursor, MOST.stringBytes);
  if (type === ARRAY) return readArray(cursor, depth + 1);
  const scalar = SCALARS.get(type);
  if (!scalar) throw cursor.bad(`a metadata value has the unknown type ${type}`);
  await cursor.need(scalar.list.BYTES_PER_ELEMENT, 'its metadata is cut off');
  return cursor.scalar(scalar);
}

async function readArray(cursor: Cursor, depth: number): Promise<GgufArray> {
  if (depth > MOST.arrayDepth) throw cursor.bad('its metadata nests too deeply');
  await cursor.need(12, 'its metadata is cut off');
  const type = cursor.u32();
  const scalar = SCALARS.get(type);
  if (!scalar && type !== STRING && type !== ARRAY)
    throw cursor.bad(`a metadata list has the unknown type ${type}`);
  const least = scalar?.list.BYTES_PER_ELEMENT ?? (type === STRING ? 8 : 12);
  const count = cursor.count('items in a list', MOST.arrayItems, least);
  if (scalar) {
    await cursor.need(count * least, 'its metadata is cut off');
    return new scalar.list(cursor.take(count * least).slice().buffer);
  }
  const items: GgufValue[] = [];
  for (let i = 0; i < count; i++) items.push(await readValue(cursor, type, depth));
  return items;
}

/** A place in the file, with the bytes after it at hand. */
class Cursor {
  #bytes = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;
  #start = 0;
  #piece = FIRST_PIECE;
  // A byte order mark is part of the text: Gemma's vocabulary has "//" with and without one.
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  readonly #limit: number;

  constructor(
    private readonly file: RandomAccess,
    readonly bad: Damaged,
  ) {
    this.#limit = Math.min(file.size, MOST.headerBytes);
  }

  get position(): number {
    return this.#start + this.#at;
  }

  has(bytes: number): boolean {
    return this.#at + bytes <= this.#bytes.length;
  }

  /** Makes sure of so many bytes. @param otherwise what is wrong when the file ends before */
  async need(bytes: number, otherwise: string): Promise<void> {
    if (this.has(bytes)) return;
    if (this.position + bytes > this.#limit) throw this.bad(otherwise);
    this.#start = this.position;
    this.#at = 0;
    const to = Math.min(this.#limit, this.#start + Math.max(bytes, this.#piece));
    this.#bytes = await this.file.read(this.#start, to);
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength);
    this.#piece = Math.min(LARGEST_PIECE, this.#piece * 2);
  }

  u32(): number {
    this.#at += 4;
    return this.#view.getUint32(this.#at - 4, true);
  }

  u64(): number {
    this.#at += 8;
    const value = this.#view.getBigUint64(this.#at - 8, true);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw this.bad(`it claims a size of ${value}`);
    return Number(value);
  }

  /** A number of things of which each takes at least so many bytes. */
  count(what: string, most: number, leastBytes: number): number {
    const count = this.u64();
    if (count > most || count * leastBytes > this.#limit - this.position)
      throw this.bad(`it claims ${count} ${what}`);
    return count;
  }

  scalar({ list, read }: Scalar): number | bigint | boolean {
    this.#at += list.BYTES_PER_ELEMENT;
    return read(this.#view, this.#at - list.BYTES_PER_ELEMENT);
  }

  take(length: number): Uint8Array<ArrayBuffer> {
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  text(length: number): string {
    return this.#decoder.decode(this.take(length));
  }
}
