import * as v from 'valibot';
import { FacetError } from '../shared/errors.ts';
import type { FileDType, TensorInfo, TensorReader } from '../shared/tensor-file.ts';
import { damaged, elementRange, type Damaged, type RandomAccess } from './random-access.ts';

const HEADER_LIMIT = 25_000_000;
const TENSOR_LIMIT = 100_000;
const BITS: Record<FileDType, number> = {
  F64: 64,
  F32: 32,
  F16: 16,
  BF16: 16,
  I64: 64,
  I32: 32,
  U32: 32,
  U16: 16,
  I16: 16,
  U8: 8,
  I8: 8,
  BOOL: 8,
};

const size = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const entrySchema = v.object({
  dtype: v.string(),
  shape: v.pipe(v.array(size), v.maxLength(8)),
  data_offsets: v.tuple([size, size]),
});
const metadataSchema = v.record(v.string(), v.string());

interface Entry extends TensorInfo {
  /** Bytes an element. */
  width: number;
  from: number;
  to: number;
}

/**
 * A safetensors file whose header has been checked against its length: every tensor lies inside, is as long as its type
 * and shape say, and together they cover the data without gap or overlap. Nothing is allocated for a tensor before.
 * @source https://github.com/huggingface/safetensors, format section of its README
 */
export class SafetensorsReader implements TensorReader {
  private constructor(
    private readonly name: string,
    private readonly file: RandomAccess,
    private readonly entries: ReadonlyMap<string, Entry>,
    /** What the writer noted, e.g. `format: 'pt'`. */
    readonly metadata: Readonly<Record<string, string>>,
  ) {}

  /** @param name of the file, for messages. @throws FacetError `bad-file` saying what is wrong where */
  static async open(name: string, file: RandomAccess): Promise<SafetensorsReader> {
    const bad = damaged(name, 'a safetensors file');
    if (file.size < 8) throw bad(`it has ${file.size} bytes`);
    const length = (await file.read(0, 8)).slice();
    const headerSize = new DataView(length.buffer).getBigUint64(0, true);
    if (headerSize > BigInt(HEADER_LIMIT) || headerSize > BigInt(file.size - 8)) {
      throw bad(`it claims a header of ${headerSize} bytes in a file of ${file.size}`);
    }
    const start = 8 + Number(headerSize);
    const { tensors, metadata } = parseHeader(await file.read(8, start), bad);
    return new SafetensorsReader(name, file, readEntries(tensors, start, file.size, bad), metadata);
  }

  names(): string[] {
    return [...this.entries.keys()];
  }

  info(name: string): TensorInfo | undefined {
    return this.entries.get(name);
  }

  async read(name: string, from = 0, to?: number): Promise<Uint8Array<ArrayBuffer>> {
    const entry = this.entries.get(name);
    if (!entry) throw new FacetError('not-found', `${this.name} has no tensor "${name}".`);
    const range = elementRange(name, (entry.to - entry.from) / entry.width, from, to);
    return this.file.read(entry.from + range.from * entry.width, entry.from + range.to * entry.width);
  }
}

function parseHeader(
  bytes: Uint8Array,
  bad: Damaged,
): { tensors: [string, unknown][]; metadata: Record<string, string> } {
  let text: string;
  let json: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    json = JSON.parse(text);
  } catch {
    throw bad('its header is not JSON');
  }
  // Not `v.record`, which drops names such as "prototype".
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw bad('its header is not a list of tensors');
  const entries = Object.entries(json);
  if (entries.length > TENSOR_LIMIT) throw bad(`it lists ${entries.length} tensors`);
  if (keysIn(text) !== keysOf(json)) throw bad('its header has a name twice');
  const tensors = entries.filter(([name]) => name !== '__metadata__');
  const metadata = v.safeParse(
    metadataSchema,
    Object.hasOwn(json, '__metadata__') ? json['__metadata__' as never] : {},
  );
  if (!metadata.success) throw bad('its metadata are not texts by name');
  return { tensors, metadata: metadata.output };
}

/** How many keys a JSON text has: its strings that a colon follows. `JSON.parse` keeps the last of equal ones. */
function keysIn(text: string): number {
  let keys = 0;
  for (const [, colon] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?/g))
    if (colon !== undefined) keys += 1;
  return keys;
}

/** Keys of a header and of the descriptions in it; nothing in a valid one nests deeper. */
function keysOf(json: object): number {
  const values: unknown[] = Object.values(json);
  return values.reduce<number>(
    (sum, value) =>
      sum +
      (typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value).length : 0),
    values.length,
  );
}

function readEntries(
  header: [string, unknown][],
  start: number,
  fileSize: number,
  bad: Damaged,
): Map<string, Entry> {
  const dataSize = fileSize - start;
  const entries = new Map<string, Entry>();
  for (const [name, value] of header) {
    const shown = `tensor "${name.slice(0, 80)}"`;
    const parsed = v.safeParse(entrySchema, value);
    if (!parsed.success) throw bad(`${shown} is described wrongly`);
    const { dtype, shape, data_offsets: offsets } = parsed.output;
    if (!Object.hasOwn(BITS, dtype))
      throw new FacetError('unsupported', `The type ${dtype.slice(0, 20)} of ${shown} is not supported.`);
    const [from, to] = offsets;
    if (from > to || to > dataSize) throw bad(`${shown} lies outside the file`);
    // A product beyond the file's size is refused before it can lose precision.
    const width = BITS[dtype as FileDType] / 8;
    const bytes = shape.reduce((product, axis) => (product > fileSize ? product : product * axis), width);
    if (bytes !== to - from) throw bad(`${shown} is ${to - from} bytes long, its shape says otherwise`);
    entries.set(name, { dtype: dtype as FileDType, shape, width, from: start + from, to: start + to });
  }
  let reached = start;
  for (const { from, to } of [...entries.values()].sort((a, b) => a.from - b.from || a.to - b.to)) {
    if (from !== reached)
      throw bad(from < reached ? 'its tensors overlap' : 'there are bytes between its tensors');
    reached = to;
  }
  if (reached !== fileSize) throw bad(`${fileSize - reached} bytes at its end belong to no tensor`);
  return entries;
}
