import type { Transformer } from '../../model/transformer.ts';
import { mustAgree } from './agree.ts';
import { PlainModel } from './plain-model.ts';
import type { BenchContext } from './prepared.ts';

/** Multiply-adds of plain arithmetic a check may take: some seconds. */
const MOST_PLAIN = 2e9;
/** Of the largest logit: 32-bit sums of up to some thousand products, through every layer. */
export const CLOSE = 5e-4;

/** Tokens from the first on that plain arithmetic is asked about; a model sees none that come later. */
export function plainRows({ parameters }: Transformer, length: number): number {
  return Math.max(1, Math.min(length, Math.floor(MOST_PLAIN / parameters)));
}

/** Holds the logits of the first rows of a text against plain arithmetic. @param logits [T, d_vocab] */
export async function checkFirstRows(
  context: BenchContext,
  model: Transformer,
  ids: Uint32Array<ArrayBuffer>,
  logits: Float32Array,
): Promise<void> {
  const rows = plainRows(model, ids.length);
  const expected = await new PlainModel(model, context).logits(ids.subarray(0, rows));
  mustAgree('a logit', logits.subarray(0, expected.length), expected, CLOSE);
}

/** The logits of the last token, in one step after the others, whose keys and values are kept. */
export async function lastRowByStep(
  context: BenchContext,
  model: Transformer,
  ids: Uint32Array<ArrayBuffer>,
): Promise<Float32Array> {
  using cache = model.cache();
  return context.turn(async () => {
    await cache.reserve(ids.length);
    const batch = model.gpu.batch('a text, then one step');
    try {
      if (ids.length > 1) model.record(batch, { ids: ids.slice(0, -1), cache });
      const { logits } = model.record(batch, { ids: ids.slice(-1), logits: 'last', cache });
      return (await batch.submit([logits!])).arrays[0] as Float32Array;
    } catch (thrown) {
      batch.discard();
      throw thrown;
    }
  });
}
