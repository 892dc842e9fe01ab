import { directEffects, type FeatureRows, recordFeatureCard } from '../analysis/feature-card.ts';
import type { Dictionary } from '../dictionary/dictionary.ts';
import { embed } from '../gpu/kernels/embed.ts';
import { topKRows } from '../gpu/kernels/topk_rows.ts';
import { FacetError } from '../shared/errors.ts';
import type { OpenedModelState } from './opened-model.ts';
import type { FeatureCard, FeatureLabel, TokenEffect } from './protocol.ts';

const CARD_TOKENS = 20;
const CARD_NEIGHBOURS = 16;
const LABEL_TOKENS = 4;
const MOST_LABELS = 256;

/** Decoder rows, their norms, and the final norm's gain; one small readback. */
async function readRows(
  { gpu, model }: OpenedModelState,
  dictionary: Dictionary,
  features: readonly number[],
): Promise<FeatureRows & { norms: Float32Array }> {
  for (const feature of features) {
    if (Number.isInteger(feature) && feature >= 0 && feature < dictionary.dSae) continue;
    throw new FacetError(
      'bad-input',
      `There is no feature ${feature}; this dictionary has ${dictionary.dSae}, from 0.`,
    );
  }
  const batch = gpu.batch('feature rows');
  const ids = batch.input(Uint32Array.from(features), [features.length]);
  const gathered = embed(batch, { ids, tokens: dictionary.wDec, positionOffset: 0 });
  const reads = [gathered, model.weights.get('ln_final.w'), dictionary.decoderNorms];
  const { arrays } = await batch.submit(reads);
  const [rows, gain, norms] = arrays as [Float32Array<ArrayBuffer>, Float32Array, Float32Array];
  return { rows, gain, norms };
}

/** @throws FacetError `bad-input` for a feature the dictionary does not have */
export async function describeFeature(
  opened: OpenedModelState,
  dictionary: Dictionary,
  index: number,
): Promise<FeatureCard> {
  const { gpu, model, tokenizer } = opened;
  const { norms, ...found } = await readRows(opened, dictionary, [index]);
  const batch = gpu.batch('feature');
  const { effects, neighbours } = recordFeatureCard(batch, model, dictionary, found, {
    tokens: Math.min(CARD_TOKENS, tokenizer.vocabSize),
    neighbours: Math.min(CARD_NEIGHBOURS + 1, dictionary.dSae),
  });
  const lists = effects ? [effects.promoted, effects.suppressed] : [];
  const { arrays } = await batch.submit([
    neighbours.indices,
    neighbours.values,
    ...lists.flatMap(({ indices, values }) => [indices, values]),
    ...(effects ? [effects.all] : []),
  ]);
  const all = arrays[6]?.subarray(0, tokenizer.vocabSize) as Float32Array | undefined;
  const mean = all ? all.reduce((sum, value) => sum + value, 0) / all.length : NaN;
  // A vocabulary may be padded with rows that are no tokens.
  const effectsOf = (at: number): TokenEffect[] =>
    Array.from(arrays[at] ?? [], (id, i) => ({ id, logit: arrays[at + 1]![i]! - mean }))
      .filter(({ id }) => id < tokenizer.vocabSize)
      .map(({ id, logit }) => ({ id, text: tokenizer.text(id), logit }));
  return {
    index,
    hook: dictionary.hook,
    promoted: effectsOf(2),
    suppressed: effectsOf(4),
    neighbours: Array.from(arrays[0]!, (other, i) => ({ index: other, cosine: arrays[1]![i]! }))
      .filter((neighbour) => neighbour.index !== index)
      .slice(0, CARD_NEIGHBOURS),
    decoderNorm: norms[index]!,
  };
}

/** @throws FacetError `bad-input` for more than 256 features or one the dictionary does not have */
export async function labelFeatures(
  opened: OpenedModelState,
  dictionary: Dictionary,
  features: readonly number[],
): Promise<FeatureLabel[]> {
  if (features.length === 0) return [];
  if (features.length > MOST_LABELS)
    throw new FacetError('bad-input', `At most ${MOST_LABELS} features at a time.`);
  const { gpu, model, tokenizer } = opened;
  const found = await readRows(opened, dictionary, features);
  const batch = gpu.batch('labels');
  const effects = directEffects(batch, model, dictionary, found);
  if (!effects) {
    batch.discard();
    return features.map((index) => ({ index, promoted: [] }));
  }
  const k = Math.min(LABEL_TOKENS, tokenizer.vocabSize);
  const promoted = topKRows(batch, { x: effects, k, order: 'largest' });
  const { arrays } = await batch.submit([promoted.indices]);
  return features.map((index, i) => ({
    index,
    promoted: Array.from(arrays[0]!.subarray(i * k, (i + 1) * k))
      .filter((id) => id < tokenizer.vocabSize)
      .map((id) => tokenizer.text(id)),
  }));
}
