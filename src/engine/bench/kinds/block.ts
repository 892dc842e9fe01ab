import type { Batch } from '../../../gpu/batch.ts';
import type { Tensor } from '../../../gpu/tensor.ts';
import type { KvCache } from '../../../model/kv-cache.ts';
import { discarding } from '../../../analysis/discarding.ts';
import { mustAgree } from '../agree.ts';
import { CLOSE } from '../check-model.ts';
import { PlainModel } from '../plain-model.ts';
import { disposing, type Prepare } from '../prepared.ts';
import { residualStream } from '../workloads.ts';

const OUT = 'blocks.0.hook_resid_post';

/** One transformer block between residual streams. */
export const block: Prepare<'block'> = async (context, { tokens, model: name }) => {
  const { gpu, turn } = context;
  const model = await context.seeded(name);
  const { dModel } = model.config;
  const values = residualStream(tokens, dModel);
  const residual = await gpu.uploadWeights(values, [tokens, dModel]);
  const record = (batch: Batch, given: Tensor, cache?: KvCache): Tensor => {
    const ids = new Uint32Array(given.shape[0]!);
    const resume = { layer: 0, residual: given };
    return model.record(batch, { ids, resume, captures: [OUT], cache }).captures.get(OUT)!;
  };
  let plain: Promise<Float64Array> | undefined;
  return {
    checked: 'every value against plain 64-bit arithmetic',
    record: (batch) => [record(batch, residual)],
    async check([out]) {
      plain ??= new PlainModel(model, context).block(0, values);
      const expected = await plain;
      mustAgree('the residual stream', out!, expected, CLOSE);
      // The attention of a block is also that of its decode steps.
      using cache = model.cache();
      await turn(() => cache.reserve(tokens));
      const batch = gpu.batch('a block, then one row');
      const last = discarding(batch, () => {
        const [before, after] = [batch.scratch([tokens - 1, dModel]), batch.scratch([1, dModel])];
        batch.copy(residual, before, { size: before.byteLength });
        batch.copy(residual, after, { fromOffset: before.byteLength, size: after.byteLength });
        record(batch, before, cache);
        return record(batch, after, cache);
      });
      const { arrays } = await turn(() => batch.submit([last]));
      mustAgree('the last row in a step of its own', arrays[0]!, expected.subarray(-dModel), CLOSE);
    },
    [Symbol.dispose]: disposing(residual),
  };
};
