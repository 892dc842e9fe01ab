import { toFloat32 } from '../../shared/dtype.ts';
import { FacetError } from '../../shared/errors.ts';
import type { TensorInfo, TensorReader } from '../../shared/tensor-file.ts';

/** What undoes a converter's change to the values of a tensor. */
export type Change =
  /** Row `row` of the tensor is row `source(row)` of the stored one. Rows of one `unit` are stored near each other. */
  | { kind: 'rows'; source: (row: number) => number; unit: number }
  /** The matrix is stored transposed. */
  | { kind: 'transpose' }
  /** Values are stored with one added. */
  | { kind: 'minus-one' };

export interface Recipe {
  /** Name in the file. */
  source: string;
  change?: Change;
}

const SLAB_BYTES = 4 * 2 ** 20;

/** Tensors of a file under other names, with changes undone as they are read, also when a part is read. */
export class RearrangedTensors implements TensorReader {
  /** @param recipes by the name a tensor has here */
  constructor(
    private readonly file: TensorReader,
    private readonly recipes: ReadonlyMap<string, Recipe>,
  ) {}

  names(): string[] {
    return [...this.recipes.keys()];
  }

  info(name: string): TensorInfo | undefined {
    const recipe = this.recipes.get(name);
    const info = recipe && this.file.info(recipe.source);
    if (!info || !recipe.change || recipe.change.kind === 'rows') return info;
    if (recipe.change.kind === 'transpose') return { ...info, shape: info.shape.toReversed() };
    return { ...info, dtype: 'F32', stored: info.stored ?? (info.dtype === 'F32' ? undefined : info.dtype) };
  }

  async read(name: string, from = 0, to?: number): Promise<Uint8Array<ArrayBuffer>> {
    const recipe = this.recipes.get(name);
    const info = this.info(name);
    if (!recipe || !info) throw new FacetError('not-found', `The model has no tensor "${name}".`);
    const { source, change } = recipe;
    const count = info.shape.reduce((product, axis) => product * axis, 1);
    const end = to ?? count;
    if (!(from >= 0 && from <= end && end <= count))
      throw new FacetError('bug', `elements ${from} to ${end} of "${name}" do not exist`);
    if (!change) return this.file.read(source, from, end);
    if (change.kind === 'minus-one') {
      const values = toFloat32(await this.file.read(source, from, end), this.file.info(source)!.dtype);
      return new Uint8Array(values.map((value) => value - 1).buffer);
    }
    // A range may begin and end inside a row: whole rows are put together, then cut.
    const columns = info.shape.slice(1).reduce((product, axis) => product * axis, 1);
    const first = Math.floor(from / columns);
    const last = Math.ceil(end / columns);
    const width = info.dtype === 'F32' ? 4 : 2;
    const rows =
      change.kind === 'rows'
        ? await this.#gather(source, change, first, last, columns * width, columns)
        : await this.#transpose(source, first, last, width, info.shape);
    return rows.subarray((from - first * columns) * width, (end - first * columns) * width);
  }

  async #gather(
    name: string,
    { source, unit }: Change & { kind: 'rows' },
    first: number,
    last: number,
    rowBytes: number,
    columns: number,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const out = new Uint8Array((last - first) * rowBytes);
    for (let row = first; row < last;) {
      const next = Math.min(last, (Math.floor(row / unit) + 1) * unit);
      const sources = Array.from({ length: next - row }, (_, i) => source(row + i));
      const low = sources.reduce((least, one) => Math.min(least, one));
      const high = sources.reduce((most, one) => Math.max(most, one));
      const bytes = await this.file.read(name, low * columns, (high + 1) * columns);
      for (const one of sources) {
        out.set(bytes.subarray((one - low) * rowBytes, (one - low + 1) * rowBytes), (row - first) * rowBytes);
        row += 1;
      }
    }
    return out;
  }

  /** Every part of a transposed matrix needs all of it: it is read in slabs of rows, of which the wanted columns stay. */
  async #transpose(
    name: string,
    first: number,
    last: number,
    width: 2 | 4,
    shape: readonly number[],
  ): Promise<Uint8Array<ArrayBuffer>> {
    const [inner, outer] = shape as [number, number];
    const Words = width === 4 ? Uint32Array : Uint16Array;
    const out = new Words((last - first) * outer);
    const slab = Math.max(1, Math.floor(SLAB_BYTES / (inner * width)));
    for (let row = 0; row < outer; row += slab) {
      const rows = Math.min(slab, outer - row);
      // Copies, because a tensor may begin at any byte of its file.
      const words = new Words((await this.file.read(name, row * inner, (row + rows) * inner)).slice().buffer);
      for (let r = 0; r < rows; r++)
        for (let i = first; i < last; i++) out[(i - first) * outer + row + r] = words[r * inner + i]!;
    }
    return new Uint8Array(out.buffer);
  }
}
