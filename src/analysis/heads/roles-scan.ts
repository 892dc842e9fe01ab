import type { SparseCodes } from '../../dictionary/codes.ts';
import type { Dictionary } from '../../dictionary/dictionary.ts';
import { codeTensors, readCodes, withRoom } from '../../dictionary/room.ts';
import type { Batch } from '../../gpu/batch.ts';
import { add } from '../../gpu/kernels/add.ts';
import type { Tensor } from '../../gpu/tensor.ts';
import type { Transformer } from '../../model/transformer.ts';
import { LogitParts } from '../logit-parts.ts';
import { ownActivation } from '../site.ts';

/** What one pass over a text says of a layer's heads. T rows. */
export interface LayerReading {
  codes: SparseCodes;
  /** [T, H · d_head] and [T, H_kv · d_head] */
  z: Float32Array;
  v: Float32Array;
  /** [H, T, T] */
  pattern: Float32Array;
  /** [T] what a token's features are multiplied by before they add up to z; undefined: 1. */
  scales?: Float32Array;
}

/** Longest text whose patterns are read back at once: 16 MiB. */
export function longestText({ config }: Transformer): number {
  return Math.floor(Math.sqrt(2 ** 22 / config.nHeads));
}

/** One recorded pass up to a layer's z, encoded, and read back. */
export function readLayer(
  model: Transformer,
  dictionary: Dictionary,
  layer: number,
  ids: Uint32Array<ArrayBuffer>,
): Promise<LayerReading> {
  const at = `blocks.${layer}.attn`;
  return withRoom(dictionary, ids.length, () =>
    recorded(model, 'roles', async (batch) => {
      const captures = [`${at}.hook_z`, `${at}.hook_v`, `${at}.hook_pattern`];
      const run = model.record(batch, { ids, captures });
      const [z, v, pattern] = captures.map((hook) => run.captures.get(hook)!) as [Tensor, Tensor, Tensor];
      const own = ownActivation(batch, dictionary, z);
      const codes = codeTensors(dictionary.encode(batch, own));
      const scaled = dictionary.rescales ? dictionary.inputScales(batch, own) : undefined;
      const { arrays } = await batch.submit([z, v, pattern, ...(scaled ? [scaled] : []), ...codes]);
      const read = readCodes(arrays.slice(scaled ? 4 : 3), ids.length);
      const [zRead, vRead, patternRead] = arrays as Float32Array[];
      const result: LayerReading = { codes: read.codes, z: zRead!, v: vRead!, pattern: patternRead! };
      if (scaled) result.scales = Float32Array.from(ids, (_, t) => arrays[3]![4 * t + 2]!);
      return { result, read: [read] };
    }),
  );
}

/**
 * Loss of each row's next token as is, and with something added to a layer's z, each time resumed from that layer.
 * @param deltas [T, H · d_head] each
 * @returns for the text as is, then for each delta, [T − 1] nats
 */
export function lossesWith(
  model: Transformer,
  layer: number,
  ids: Uint32Array<ArrayBuffer>,
  deltas: readonly Float32Array<ArrayBuffer>[],
): Promise<Float32Array[]> {
  return recorded(model, 'ablated roles', async (batch) => {
    const logits = new LogitParts(model, ids.length, undefined, false);
    const residualHook = `blocks.${layer}.hook_resid_pre`;
    const hook = `blocks.${layer}.attn.hook_z`;
    const clean = logits.record(batch, { ids, captures: [residualHook] });
    const resume = { layer, residual: clean.captures.get(residualHook)! };
    const reads = [logits.nextLogProbs(batch, clean, ids)];
    for (const delta of deltas) {
      const pass = logits.record(batch, {
        ids,
        resume,
        edits: new Map([
          [
            hook,
            (_, z) => {
              const b = batch.input(delta, z.shape);
              const sum = add(batch, { a: z, b });
              batch.release(b);
              return sum;
            },
          ],
        ]),
      });
      reads.push(logits.nextLogProbs(batch, pass, ids));
    }
    const { arrays } = await batch.submit(reads.flat());
    return reads.map((parts, i) => {
      const first = reads.slice(0, i).reduce((sum, { length }) => sum + length, 0);
      const values = arrays.slice(first, first + parts.length).flatMap((part) => [...part]);
      return Float32Array.from(values.slice(0, -1), (logProb) => -logProb);
    });
  });
}

/** Gives back what was recorded when something fails. */
async function recorded<Result>(
  { gpu }: Transformer,
  label: string,
  work: (batch: Batch) => Promise<Result>,
): Promise<Result> {
  const batch = gpu.batch(label);
  try {
    return await work(batch);
  } catch (thrown) {
    batch.discard();
    throw thrown;
  }
}
