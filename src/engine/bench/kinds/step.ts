import { discarding } from '../../../analysis/discarding.ts';
import { mustAgree } from '../agree.ts';
import { CLOSE, checkFirstRows, plainRows } from '../check-model.ts';
import { chosenModel, disposing, type Prepare } from '../prepared.ts';
import { tokenIds } from '../workloads.ts';

/** One more token after others whose keys and values are kept. */
export const step: Prepare<'step'> = async (context, { context: before, model: name }) => {
  const { turn, gpu } = context;
  const model = await chosenModel(context, name, before + 1);
  const ids = tokenIds(before + 1, model.config.dVocab);
  const rows = plainRows(model, ids.length);
  const cache = model.cache();
  try {
    await turn(async () => {
      await cache.reserve(ids.length);
      const batch = gpu.batch('fill the cache');
      discarding(batch, () => model.record(batch, { ids: ids.slice(0, -1), cache }));
      await batch.submit();
    });
  } catch (thrown) {
    cache[Symbol.dispose]();
    throw thrown;
  }
  return {
    checked: `logits against a pass over all ${ids.length} tokens, whose first ${rows} are held against plain 64-bit arithmetic`,
    record(batch) {
      const { logits } = model.record(batch, { ids: ids.slice(-1), logits: 'last', cache });
      cache.truncate(before);
      return [logits!];
    },
    async check([logits]) {
      const whole = await turn(async () => {
        const batch = gpu.batch('all tokens at once');
        const reads = discarding(batch, () => [
          model.record(batch, { ids, logits: 'last' }).logits!,
          model.record(batch, { ids: ids.slice(0, rows), logits: 'all' }).logits!,
        ]);
        return (await batch.submit(reads)).arrays;
      });
      mustAgree('a logit', logits!, whole[0]!, CLOSE);
      await checkFirstRows(context, model, ids, whole[1] as Float32Array);
    },
    [Symbol.dispose]: disposing(cache),
  };
};
