import { FacetError } from '../shared/errors.ts';
import type { FileDType, TensorInfo, TensorReader } from '../shared/tensor-file.ts';
import { BLOCK_TYPES, type BlockTypeName, dequantise } from './dequantise.ts';
import { type GgufHeader, type GgufTensor, type GgufValue, readHeader } from './gguf-header.ts';
import { damaged, type Damaged, elementRange, type RandomAccess } from './random-access.ts';

/** ggml's types by number. Those that are neither plain nor in `BLOCK_TYPES` are refused by this name. */
const TYPE_NAMES: Readonly<Record<number, string>> = {
  0: 'F32',
  1: 'F16',
  2: 'Q4_0',
  3: 'Q4_1',
  6: 'Q5_0',
  7: 'Q5_1',
  8: 'Q8_0',
  9: 'Q8_1',
  10: 'Q2_K',
  11: 'Q3_K',
  12: 'Q4_K',
  13: 'Q5_K',
  14: 'Q6_K',
  15: 'Q8_K',
  16: 'IQ2_XXS',
  17: 'IQ2_XS',
  18: 'IQ3_XXS',
  19: 'IQ1_S',
  20: 'IQ4_NL',
  21: 'IQ3_S',
  22: 'IQ2_S',
  23: 'IQ4_XS',
  24: 'I8',
  25: 'I16',
  26: 'I32',
  27: 'I64',
  28: 'F64',
  29: 'IQ1_M',
  30: 'BF16',
  34: 'TQ1_0',
  35: 'TQ2_0',
  39: 'MXFP4',
};
const PLAIN_BYTES = {
  F32: 4,
  F16: 2,
  BF16: 2,
  F64: 8,
  I8: 1,
  I16: 2,
  I32: 4,
  I64: 8,
} as const satisfies Partial<Record<FileDType, number>>;

interface Entry extends TensorInfo {
  /** Values and bytes of a block; a block of a plain type is one value. */
  values: number;
  bytes: number;
  count: number;
  from: number;
}

/**
 * A GGUF file whose header has been checked against its length: every tensor lies inside, is as long as its type and
 * shape say, is aligned, and overlaps no other. Shapes are row-major, that is ggml's order reversed. Quantised tensors
 * appear as F32, with ggml's name of their type in `stored`; `read` unpacks only the blocks that the range touches, to
 * four bytes a value.
 * @source https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
export class GgufReader implements TensorReader {
  private constructor(
    private readonly name: string,
    private readonly file: RandomAccess,
    /** Everything the file says of its model, by key: `general.architecture`, `llama.block_count`, … */
    readonly metadata: ReadonlyMap<string, GgufValue>,
    private readonly entries: ReadonlyMap<string, Entry>,
  ) {}

  /**
   * @param name of the file, for messages
   * @throws FacetError `bad-file` saying what is wrong where, `unsupported` naming the version or type
   */
  static async open(name: string, file: RandomAccess): Promise<GgufReader> {
    const bad = damaged(name, 'a GGUF file');
    const header = await readHeader(file, bad);
    return new GgufReader(name, file, header.metadata, placeTensors(header, file.size, bad));
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
    const range = elementRange(name, entry.count, from, to);
    const first = Math.floor(range.from / entry.values);
    const last = Math.ceil(range.to / entry.values);
    const packed = await this.file.read(entry.from + first * entry.bytes, entry.from + last * entry.bytes);
    if (!entry.stored) return packed;
    const values = dequantise(BLOCK_TYPES[entry.stored as BlockTypeName], packed);
    const skipped = first * entry.values;
    return new Uint8Array(values.buffer, (range.from - skipped) * 4, (range.to - range.from) * 4);
  }
}

function placeTensors(
  { metadata, tensors, end }: GgufHeader,
  size: number,
  bad: Damaged,
): Map<string, Entry> {
  const alignment = metadata.get('general.alignment') ?? 32;
  if (typeof alignment !== 'number' || !(alignment >= 1 && alignment <= 65_536) || alignment % 8 !== 0)
    throw bad('its alignment is not a multiple of 8');
  const start = Math.ceil(end / alignment) * alignment;
  const entries = new Map<string, Entry>();
  for (const tensor of tensors) {
    if (entries.has(tensor.name)) throw bad(`it has tensor "${tensor.name.slice(0, 80)}" twice`);
    entries.set(tensor.name, placeTensor(tensor, start, alignment, size, bad));
  }
  let reached = start;
  for (const entry of [...entries.values()].sort((a, b) => a.from - b.from)) {
    if (entry.from < reached) throw bad('its tensors overlap');
    reached = entry.from + (entry.count / entry.values) * entry.bytes;
  }
  return entries;
}

function placeTensor(
  tensor: GgufTensor,
  start: number,
  alignment: number,
  size: number,
  bad: Damaged,
): Entry {
  const shown = `tensor "${tensor.name.slice(0, 80)}"`;
  const type = Object.hasOwn(TYPE_NAMES, tensor.type) ? TYPE_NAMES[tensor.type]! : `number ${tensor.type}`;
  const isPlain = Object.hasOwn(PLAIN_BYTES, type);
  if (!isPlain && !Object.hasOwn(BLOCK_TYPES, type)) {
    throw new FacetError('unsupported', `The type ${type} of ${shown} is not supported.`, {
      hint: `Choose a file quantised to one of ${Object.keys(BLOCK_TYPES).join(', ')}, or to F16.`,
    });
  }
  const { values, bytes } = isPlain
    ? { values: 1, bytes: PLAIN_BYTES[type as keyof typeof PLAIN_BYTES] }
    : BLOCK_TYPES[type as BlockTypeName];
  if ((tensor.ne[0] ?? 1) % values !== 0)
    throw bad(`rows of ${shown} have ${tensor.ne[0]} values, not a multiple of ${values}`);
  const from = start + tensor.offset;
  if (tensor.offset % alignment !== 0) throw bad(`${shown} is not aligned`);
  const count = tensor.ne.reduce((product, axis) => product * axis, 1);
  if (from + (count / values) * bytes > size) throw bad(`${shown} lies outside the file`);
  const shape = tensor.ne.toReversed();
  return {
    dtype: isPlain ? (type as FileDType) : 'F32',
    shape,
    stored: isPlain ? undefined : type,
    values,
    bytes,
    count,
    from,
  };
}
