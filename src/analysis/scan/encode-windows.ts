import type { SparseCodes } from '../../dictionary/codes.ts';
import type { Dictionary } from '../../dictionary/dictionary.ts';
import { codeTensors, readCodes, withRoom } from '../../dictionary/room.ts';
import type { Transformer } from '../../model/transformer.ts';
import { ownActivation } from '../site.ts';

/**
 * Sparse codes of several token sequences, each read by itself: one submission, one readback, and again if there was no
 * room for all features. The pass stops at the dictionary's hook.
 */
export async function encodeWindows(
  model: Transformer,
  dictionary: Dictionary,
  windows: readonly { ids: Uint32Array<ArrayBuffer> }[],
): Promise<SparseCodes[]> {
  const longest = windows.reduce((most, { ids }) => Math.max(most, ids.length), 0);
  return withRoom(dictionary, longest, async () => {
    const batch = model.gpu.batch('scan');
    try {
      const tensors = windows.map(({ ids }) => {
        const { captures } = model.record(batch, { ids, captures: [dictionary.hook], logits: 'none' });
        const activation = captures.get(dictionary.hook)!;
        const own = ownActivation(batch, dictionary, activation);
        const codes = dictionary.encode(batch, own);
        batch.release(activation, own);
        return codeTensors(codes);
      });
      const { arrays } = await batch.submit(tensors.flat());
      let next = 0;
      const read = windows.map(({ ids }, i) => {
        const own = arrays.slice(next, next + tensors[i]!.length);
        next += own.length;
        return readCodes(own, ids.length);
      });
      return { result: read.map(({ codes }) => codes), read };
    } catch (thrown) {
      batch.discard();
      throw thrown;
    }
  });
}
