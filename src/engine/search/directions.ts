import { transfer } from 'comlink';
import { discarding } from '../../analysis/discarding.ts';
import { randomProjection, readNorms, unitRows } from '../../analysis/search/directions.ts';
import { matmul } from '../../gpu/kernels/matmul.ts';
import { FacetError } from '../../shared/errors.ts';
import type { Directions } from '../protocol.ts';
import type { Session } from '../session.ts';
import { currentDictionary } from './dictionary.ts';

/** Of the answer, in numbers. */
const MOST = 2 ** 26;
/** Rows read at a time, in numbers. */
const PIECE = 2 ** 22;
const MOST_ROWS = 2 ** 15;

/** See `SearchApi.directions`. @throws FacetError `bad-input`, `limits`, `cancelled` */
export async function readDirections(session: Session, most: number): Promise<Directions> {
  const { dictionary, digest, turn } = currentDictionary(session);
  if (!Number.isInteger(most) || most < 1)
    throw new FacetError('bad-input', 'Directions need a whole number of dimensions, at least 1.');
  const { dSae: features, dOut } = dictionary;
  const projected = dOut > most;
  const dimensions = projected ? most : dOut;
  if (features * dimensions > MOST) {
    throw new FacetError('limits', `${features} directions of ${dimensions} numbers are too many at once.`, {
      hint: 'Ask for fewer dimensions.',
    });
  }
  const { gpu } = session.opened;
  const norms = await turn(() => readNorms(gpu, dictionary));
  const projection = projected ? randomProjection(dOut, most) : undefined;
  const data = new Float32Array(features * dimensions);
  // No more than one dispatch may have workgroups in a row.
  const rows = Math.min(MOST_ROWS, Math.max(1, Math.floor(PIECE / dOut)));
  for (let first = 0; first < features; first += rows) {
    const ids = Uint32Array.from({ length: Math.min(rows, features - first) }, (_, i) => first + i);
    await turn(async () => {
      const batch = gpu.batch('directions');
      const found = discarding(batch, () => {
        const x = unitRows(batch, dictionary, ids, norms);
        if (!projection) return x;
        const weights = batch.input(projection, [most, dOut]);
        return matmul(batch, { x, weights, layout: 'nk' });
      });
      const { arrays } = await batch.submit([found]);
      data.set(arrays[0] as Float32Array, first * dimensions);
    });
  }
  const answer: Directions = { dictionaryDigest: digest, features, dimensions, data, projected };
  return transfer(answer, [data.buffer]);
}
