import { FacetError } from '../shared/errors.ts';
import type { FileDType, TensorInfo, TensorReader } from '../shared/tensor-file.ts';
import { damaged, type Damaged, elementRange, type RandomAccess } from './random-access.ts';
import { openZip, type ZipEntry } from './zip.ts';

/** numpy itself reads no longer header without being told to. */
const LONGEST_HEADER = 10_000;
const MOST_AXES = 8;
const DTYPES: Readonly<Record<string, FileDType>> = {
  '<f8': 'F64',
  '<f4': 'F32',
  '<f2': 'F16',
  '<i8': 'I64',
  '<i4': 'I32',
  '<i2': 'I16',
  '|i1': 'I8',
  '<u4': 'U32',
  '<u2': 'U16',
  '|u1': 'U8',
  '|b1': 'BOOL',
};

interface Entry extends TensorInfo {
  file: ZipEntry;
  count: number;
  /** Bytes an element. */
  width: number;
  /** Where the values begin in the unpacked file. */
  start: number;
}

/**
 * A numpy archive: `np.savez` (stored) or `np.savez_compressed` (deflated). Arrays in C order of little-endian numbers;
 * anything else is refused by name, pickled objects above all.
 * @source https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
export class NpzReader implements TensorReader {
  private constructor(
    private readonly name: string,
    private readonly entries: ReadonlyMap<string, Entry>,
  ) {}

  /** @param name of the file, for messages. @throws FacetError `bad-file` or `unsupported` */
  static async open(name: string, file: RandomAccess): Promise<NpzReader> {
    const bad = damaged(name, 'a numpy archive');
    const entries = new Map<string, Entry>();
    for (const entry of await openZip(name, file)) {
      if (!entry.name.endsWith('.npy')) continue;
      const array = entry.name.slice(0, -4);
      if (entries.has(array)) throw bad(`it has the array "${array.slice(0, 80)}" twice`);
      entries.set(array, await describe(array, entry, bad));
    }
    return new NpzReader(name, entries);
  }

  names(): string[] {
    return [...this.entries.keys()];
  }

  info(name: string): TensorInfo | undefined {
    return this.entries.get(name);
  }

  async read(name: string, from = 0, to?: number): Promise<Uint8Array<ArrayBuffer>> {
    const entry = this.entries.get(name);
    if (!entry) throw new FacetError('not-found', `${this.name} has no array "${name}".`);
    const range = elementRange(name, entry.count, from, to);
    return entry.file.read(entry.start + range.from * entry.width, entry.start + range.to * entry.width);
  }
}

/** Reads the header of one array: magic, version, length, and a Python dictionary of three keys. */
async function describe(name: string, file: ZipEntry, bad: Damaged): Promise<Entry> {
  const shown = `the array "${name.slice(0, 80)}"`;
  const first = file.size >= 12 ? await file.read(0, 12) : new Uint8Array(12);
  const view = new DataView(first.buffer, first.byteOffset, 12);
  const major = first[6]!;
  if (view.getUint32(0) !== 0x934e554d || view.getUint16(4) !== 0x5059 || major < 1 || major > 3)
    throw bad(`${shown} is not in the .npy format`);
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const headerFrom = major === 1 ? 10 : 12;
  const start = headerFrom + length;
  if (length > LONGEST_HEADER || start > file.size) throw bad(`${shown} claims a header of ${length} bytes`);
  const header = new TextDecoder('latin1').decode(await file.read(headerFrom, start));
  const { descr, fortran, shape } = parseHeader(header) ?? {};
  if (descr === undefined || shape === undefined) throw bad(`the header of ${shown} is wrong`);
  if (!Object.hasOwn(DTYPES, descr)) {
    throw new FacetError(
      'unsupported',
      `Numbers of type ${descr.slice(0, 20)} in ${shown} are not supported.`,
      {
        hint: `Supported are ${Object.keys(DTYPES).join(', ')}; objects are never read, because they can carry code.`,
      },
    );
  }
  if (fortran && shape.length > 1)
    throw new FacetError('unsupported', `${shown} is stored in Fortran order, which is not supported.`);
  const dtype = DTYPES[descr]!;
  const width = Number(descr.slice(2));
  const count = shape.reduce((product, axis) => product * axis, 1);
  if (count * width !== file.size - start)
    throw bad(`${shown} has ${file.size - start} bytes, its shape says otherwise`);
  return { dtype, shape, file, count, width, start };
}

const FIELD =
  /\s*'(descr|fortran_order|shape)'\s*:\s*(?:'([^']*)'|(True|False)|\(([\d\s,]*)\)|(\[.*\]))\s*(?:,|$)/g;

/** @returns undefined unless the text is a dictionary of the three keys */
function parseHeader(text: string): { descr: string; fortran: boolean; shape: number[] } | undefined {
  const inner = /^\s*\{(.*)\}\s*$/s.exec(text)?.[1];
  const fields = new Map<string, string>();
  const rest = inner?.trim().replace(FIELD, (_, key: string, ...values: unknown[]) => {
    fields.set(key, values.slice(0, 4).find((value) => typeof value === 'string') as string);
    return '';
  });
  const shape = fields
    .get('shape')
    ?.split(',')
    .map((axis) => axis.trim());
  if (rest !== '' || fields.size !== 3 || !shape) return undefined;
  if (shape.at(-1) === '') shape.pop();
  if (shape.length > MOST_AXES || !shape.every((axis) => /^\d{1,15}$/.test(axis))) return undefined;
  return {
    descr: fields.get('descr')!,
    fortran: fields.get('fortran_order') !== 'False',
    shape: shape.map(Number),
  };
}
