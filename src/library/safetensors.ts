import * as v from 'valibot';
import { FacetError } from '../shared/errors.ts';
import type { FileDType, TensorInfo, TensorReader } from '../shared/tensor-file.ts';
import type { RandomAccess } from './random-access.ts';

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
const headerSchema = v.record(v.string(), v.unknown());

interface Entry extends TensorInfo {
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
  ) {}

  /** @param name of the file, for messages. @throws FacetError `bad-file` saying what is wrong where */
  static async open(name: string, file: RandomAccess): Promise<SafetensorsReader> {
    const bad = (what: string): FacetError =>
      new FacetError('bad-file', `${name} is damaged or not a safetensors file: ${what}.`, {
        hint: 'Download the file again.',
      });
    if (file.size < 8) throw bad(`it has ${file.size} bytes`);
    const length = (await file.read(0, 8)).slice();
    const headerSize = new DataView(length.buffer).getBigUint64(0, true);
    if (headerSize > BigInt(HEADER_LIMIT) || headerSize > BigInt(file.size - 8)) {
      throw bad(`it claims a header of ${headerSize} bytes in a file of ${file.size}`);
    }
    const start = 8 + Number(headerSize);
    const header = parseHeader(await file.read(8, start), bad);
    return new SafetensorsReader(name, file, readEntries(header, start, file.size, bad));
  }

  names(): string[] {
    return [...this.entries.keys()];
  }

  info(name: string): TensorInfo | undefined {
    return this.entries.get(name);
  }

  read(name: string, from = 0, to?: number): Promise<Uint8Array<ArrayBuffer>> {
    const entry = this.entries.get(name);
    if (!entry) throw new FacetError('not-found', `${this.name} has no tensor "${name}".`);
    const width = BITS[entry.dtype] / 8;
    const end = to === undefined ? entry.to : entry.from + to * width;
    if (from < 0 || entry.from + from * width > end || end > entry.to)
      throw new FacetError('bug', `elements ${from} to ${to} of "${name}" do not exist`);
    return this.file.read(entry.from + from * width, end);
  }
}

function parseHeader(bytes: Uint8Array, bad: (what: string) => FacetError): [string, unknown][] {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw bad('its header is not JSON');
  }
  const parsed = v.safeParse(headerSchema, json);
  if (!parsed.success || Array.isArray(json)) throw bad('its header is not a list of tensors');
  const entries = Object.entries(parsed.output).filter(([name]) => name !== '__metadata__');
  if (entries.length > TENSOR_LIMIT) throw bad(`it lists ${entries.length} tensors`);
  return entries;
}

function readEntries(
  header: [string, unknown][],
  start: number,
  fileSize: number,
  bad: (what: string) => FacetError,
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
    const bytes = shape.reduce(
      (product, axis) => (product > fileSize ? product : product * axis),
      BITS[dtype as FileDType] / 8,
    );
    if (bytes !== to - from) throw bad(`${shown} is ${to - from} bytes long, its shape says otherwise`);
    entries.set(name, { dtype: dtype as FileDType, shape, from: start + from, to: start + to });
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
