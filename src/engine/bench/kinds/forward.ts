import { mustAgree } from '../agree.ts';
import { CLOSE, checkFirstRows, lastRowByStep, plainRows } from '../check-model.ts';
import { chosenModel, type Prepare } from '../prepared.ts';
import { tokenIds } from '../workloads.ts';

/** A whole pass with the logits of every position. */
export const forward: Prepare<'forward'> = async (context, { tokens, model: name }) => {
  const model = await chosenModel(context, name, tokens);
  const ids = tokenIds(tokens, model.config.dVocab);
  const rows = plainRows(model, tokens);
  return {
    checked: `logits of the first ${rows} tokens against plain 64-bit arithmetic, of the last against a decode step`,
    record: (batch) => [model.record(batch, { ids, logits: 'all' }).logits!],
    async check([logits]) {
      await checkFirstRows(context, model, ids, logits as Float32Array);
      const step = await lastRowByStep(context, model, ids);
      mustAgree('a logit of the last token', step, logits!.subarray(-step.length), CLOSE);
    },
    [Symbol.dispose]: () => {},
  };
};
