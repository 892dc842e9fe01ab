import type { ReadArray } from '../gpu/batch.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { FacetError } from '../shared/errors.ts';
import { type GpuCodes, type SparseCodes, toSparseCodes } from './codes.ts';
import type { Dictionary } from './dictionary.ts';

/** Tensors of codes to read back, in the order `readCodes` expects their arrays. */
export function codeTensors({ indices, values, counts }: GpuCodes): Tensor[] {
  return counts ? [indices, values, counts] : [indices, values];
}

/** Codes that were read back, and how many features their strongest token has: more than there was room for is a loss. */
export interface ReadCodes {
  codes: SparseCodes;
  most: number;
  room: number;
}

/** @param arrays what `codeTensors` became */
export function readCodes([indices, values, counts]: readonly ReadArray[], rows: number): ReadCodes {
  const room = rows === 0 ? 0 : indices!.length / rows;
  let most = 0;
  for (const count of counts ?? []) most = Math.max(most, count);
  if (most > room) return { codes: toSparseCodes(new Uint32Array(), new Float32Array(), rows), most, room };
  return { codes: toSparseCodes(indices as Uint32Array, values as Float32Array, rows), most, room };
}

/**
 * Does something with a dictionary, and does it again with more room when a token had more active features than there
 * was: features are never left out silently.
 * @throws FacetError `limits` when the features of one token cannot be held for every token
 */
export async function withRoom<Result>(
  dictionary: Dictionary | undefined,
  tokens: number,
  attempt: () => Promise<{ result: Result; read: readonly ReadCodes[] }>,
): Promise<Result> {
  for (let tries = 0; tries < 3; tries++) {
    const { result, read } = await attempt();
    const most = read.reduce((top, codes) => Math.max(top, codes.most > codes.room ? codes.most : 0), 0);
    if (most === 0) return result;
    dictionary?.makeRoom(most, tokens);
  }
  throw new FacetError('bug', 'more features were active each time the same tokens were encoded');
}
