import type { Dictionary } from '../../dictionary/dictionary.ts';
import { codeTensors, readCodes, withRoom } from '../../dictionary/room.ts';
import { columnMean } from '../../gpu/kernels/column_mean.ts';
import { sliceColumns } from '../../gpu/kernels/slice_columns.ts';
import type { Tensor } from '../../gpu/tensor.ts';
import type { Transformer } from '../../model/transformer.ts';
import { discarding } from '../discarding.ts';
import type { Columns } from '../interventions.ts';
import { ownActivation } from '../site.ts';

/** Row 0 holds the beginning-of-text token, where there is one: never part of a mean unless it is all there is. */
const FIRST_ROW = 1;

type Ids = Uint32Array<ArrayBuffer>;

/** An activation, or some columns of it. */
export interface Place {
  hook: string;
  columns?: Columns;
}

/** Mean over rows 1 and up of an activation without interventions. @returns [width or columns.count] */
export async function meanActivation(
  model: Transformer,
  ids: Ids,
  { hook, columns }: Place,
): Promise<Float32Array<ArrayBuffer>> {
  const batch = model.gpu.batch('mean activation');
  const mean = discarding(batch, () => {
    const { captures } = model.record(batch, { ids, captures: [hook] });
    const x = captures.get(hook)!;
    return columnMean(batch, { x, fromRow: Math.min(FIRST_ROW, ids.length - 1), toRow: ids.length });
  });
  const { arrays } = await batch.submit([mean]);
  const all = arrays[0] as Float32Array<ArrayBuffer>;
  return columns ? all.slice(columns.from, columns.from + columns.count) : all;
}

/** Mean over rows 1 and up of one feature's activation, those where it is 0 counted. */
export function meanOfLatent(
  model: Transformer,
  ids: Ids,
  dictionary: Dictionary,
  feature: number,
): Promise<number> {
  return withRoom(dictionary, ids.length, async () => {
    const batch = model.gpu.batch('mean of a feature');
    const reads = discarding(batch, () => {
      const { captures } = model.record(batch, { ids, captures: [dictionary.hook] });
      const x = ownActivation(batch, dictionary, captures.get(dictionary.hook)!);
      return codeTensors(dictionary.encode(batch, x));
    });
    const { arrays } = await batch.submit(reads);
    const read = readCodes(arrays, ids.length);
    const { offsets, indices, values } = read.codes;
    const from = Math.min(FIRST_ROW, ids.length - 1);
    let sum = 0;
    for (let i = offsets[from]!; i < offsets[ids.length]!; i++) if (indices[i] === feature) sum += values[i]!;
    return { result: sum / (ids.length - from), read: [read] };
  });
}

/** An activation without interventions. @returns [T, width or columns.count], the caller's */
export async function keptActivation(
  model: Transformer,
  ids: Ids,
  { hook, columns }: Place,
): Promise<Tensor> {
  const batch = model.gpu.batch('patch');
  const kept = discarding(batch, () => {
    const { captures } = model.record(batch, { ids, captures: [hook] });
    const x = captures.get(hook)!;
    return batch.keep(columns ? sliceColumns(batch, { x, ...columns }) : x);
  });
  try {
    await batch.submit();
    return kept;
  } catch (thrown) {
    kept.dispose();
    throw thrown;
  }
}
