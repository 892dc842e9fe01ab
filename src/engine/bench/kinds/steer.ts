import { discarding } from '../../../analysis/discarding.ts';
import type { Batch } from '../../../gpu/batch.ts';
import { add } from '../../../gpu/kernels/add.ts';
import { logProbGather } from '../../../gpu/kernels/log_prob_gather.ts';
import type { Tensor } from '../../../gpu/tensor.ts';
import type { Edit } from '../../../model/run-plan.ts';
import { mustAgree, wrong } from '../agree.ts';
import { CLOSE } from '../check-model.ts';
import { chosenModel, disposing, type Prepare } from '../prepared.ts';
import { steeringDirection, tokenIds } from '../workloads.ts';

/** What a moving slider asks: a direction added in the middle, and what follows the last token. */
export const steer: Prepare<'steer'> = async (context, { tokens, model: name }) => {
  const { gpu, turn } = context;
  const model = await chosenModel(context, name, tokens);
  const { nLayers, dModel, dVocab } = model.config;
  const ids = tokenIds(tokens, dVocab);
  const layer = Math.floor(nLayers / 2);
  const hook = `blocks.${layer}.hook_resid_pre`;
  const last = `blocks.${nLayers - 1}.hook_resid_post`;
  const direction = steeringDirection(dModel);
  const added = gpu.upload(
    Float32Array.from({ length: tokens * dModel }, (_, i) => direction[i % dModel]!),
    [tokens, dModel],
  );
  const edits = new Map<string, Edit>([[hook, (batch, a) => add(batch, { a, b: added })]]);
  let residual: Tensor;
  try {
    residual = await turn(async () => {
      const batch = gpu.batch('keep the residual stream');
      const kept = discarding(batch, () =>
        batch.keep(model.record(batch, { ids, captures: [hook] }).captures.get(hook)!),
      );
      await batch.submit();
      return kept;
    });
  } catch (thrown) {
    added.dispose();
    throw thrown;
  }
  const whole = async (steered: boolean): Promise<Float32Array> =>
    turn(async () => {
      const batch = gpu.batch('from the first layer');
      const { logits } = discarding(batch, () =>
        model.record(batch, { ids, logits: 'last', ...(steered && { edits }) }),
      );
      return (await batch.submit([logits!])).arrays[0] as Float32Array;
    });
  return {
    checked:
      'log-probabilities against a steered pass from the first layer on, and that steering changes them',
    record(batch: Batch) {
      const plan = { ids, edits, resume: { layer, residual }, captures: [last], logits: 'none' } as const;
      const final = model.record(batch, plan).captures.get(last)!;
      const row = model.unembed(batch, final, tokens - 1, 1);
      const targets = batch.input(new Uint32Array(1), [1]);
      const { logProb, lse } = logProbGather(batch, { logits: row, targets });
      batch.release(final, targets, logProb);
      return [row, lse];
    },
    async check([row, lse]) {
      const expected = await whole(true);
      mustAgree('a logit of the last token', row!, expected, CLOSE);
      const highest = expected.reduce((most, logit) => Math.max(most, logit), -Infinity);
      const total = expected.reduce((sum, logit) => sum + Math.exp(logit - highest), 0);
      mustAgree('ln Σ exp of the logits', lse!, [highest + Math.log(total)], CLOSE);
      const before = await whole(false);
      if (!expected.some((logit, id) => Math.abs(logit - before[id]!) > 0.01))
        throw wrong('steering changes no logit');
    },
    [Symbol.dispose]: disposing(residual, added),
  };
};
