import type { SparseCodes } from '../../dictionary/codes.ts';
import type { Dictionary } from '../../dictionary/dictionary.ts';
import { codeTensors, readCodes, type ReadCodes } from '../../dictionary/room.ts';
import type { Transformer } from '../../model/transformer.ts';
import { FacetError } from '../../shared/errors.ts';
import { discarding } from '../discarding.ts';
import { ownActivation } from '../site.ts';

/**
 * Sparse codes of one sequence of token ids under one or more dictionaries: one pass up to their hooks, done again when a
 * token had more active features than there was room for.
 * @throws FacetError `limits` when the features of one token cannot be held for every token
 */
export async function readSequence(
  model: Transformer,
  dictionaries: readonly Dictionary[],
  ids: Uint32Array<ArrayBuffer>,
): Promise<SparseCodes[]> {
  for (let tries = 0; tries < 3; tries++) {
    const all = await attempt(model, dictionaries, ids);
    let complete = true;
    for (const [i, { most, room }] of all.entries()) {
      if (most <= room) continue;
      complete = false;
      dictionaries[i]!.makeRoom(most, ids.length);
    }
    if (complete) return all.map(({ codes }) => codes);
  }
  throw new FacetError('bug', 'more features were active each time the same tokens were encoded');
}

async function attempt(
  model: Transformer,
  dictionaries: readonly Dictionary[],
  ids: Uint32Array<ArrayBuffer>,
): Promise<ReadCodes[]> {
  const batch = model.gpu.batch('search');
  const tensors = discarding(batch, () => {
    const captures = [...new Set(dictionaries.map(({ hook }) => hook))];
    const run = model.record(batch, { ids, captures });
    return dictionaries.map((dictionary) =>
      codeTensors(
        dictionary.encode(batch, ownActivation(batch, dictionary, run.captures.get(dictionary.hook)!)),
      ),
    );
  });
  const { arrays } = await batch.submit(tensors.flat());
  let next = 0;
  return tensors.map(({ length }) => {
    const own = arrays.slice(next, next + length);
    next += length;
    return readCodes(own, ids.length);
  });
}
