import { discarding } from '../analysis/discarding.ts';
import { directEffects, recordFeatureCard } from '../analysis/feature-card.ts';
import type { Dictionary } from '../dictionary/dictionary.ts';
import type { Batch } from '../gpu/batch.ts';
import { embed } from '../gpu/kernels/embed.ts';
import { topKRows } from '../gpu/kernels/topk_rows.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { FacetError } from '../shared/errors.ts';
import type { OpenedModelState } from './opened-model.ts';
import type { FeatureCard, FeatureLabel, TokenEffect } from './protocol.ts';

const CARD_TOKENS = 20;
const CARD_NEIGHBOURS = 16;
const LABEL_TOKENS = 4;
const MOST_LABELS = 256;

/** Decoder rows [n, d_out] as f32. @throws FacetError `bad-input` for a feature the dictionary does not have */
export function gatherRows(batch: Batch, dictionary: Dictionary, features: readonly number[]): Tensor {
  for (const feature of features) {
    if (Number.isInteger(feature) && feature >= 0 && feature < dictionary.dSae) continue;
    throw new FacetError(
      'bad-input',
      `There is no feature ${feature}; this dictionary has ${dictionary.dSae}, from 0.`,
    );
  }
  const ids = batch.input(Uint32Array.from(features), [features.length]);
  return embed(batch, { ids, tokens: dictionary.wDec, positionOffset: 0 });
}

/** @throws FacetError `bad-input` for a feature the dictionary does not have */
export async function describeFeature(
  opened: OpenedModelState,
  dictionary: Dictionary,
  index: number,
): Promise<FeatureCard> {
  const { gpu, model, tokenizer } = opened;
  const batch = gpu.batch('feature');
  const norm = batch.scratch([1]);
  const { effects, neighbours } = discarding(batch, () => {
    const row = gatherRows(batch, dictionary, [index]);
    batch.copy(dictionary.decoderNorms, norm, { fromOffset: 4 * index, size: 4 });
    return recordFeatureCard(batch, model, dictionary, row, {
      tokens: Math.min(CARD_TOKENS, tokenizer.vocabSize),
      neighbours: Math.min(CARD_NEIGHBOURS + 1, dictionary.dSae),
    });
  });
  const lists = effects ? [effects.promoted, effects.suppressed] : [];
  const { arrays } = await batch.submit([
    neighbours.indices,
    neighbours.values,
    norm,
    ...lists.flatMap(({ indices, values }) => [indices, values]),
    ...(effects ? [effects.all] : []),
  ]);
  const all = arrays[7]?.subarray(0, tokenizer.vocabSize) as Float32Array | undefined;
  const mean = all ? all.reduce((sum, value) => sum + value, 0) / all.length : NaN;
  // A vocabulary may be padded with rows that are no tokens.
  const effectsOf = (at: number): TokenEffect[] =>
    Array.from(arrays[at] ?? [], (id, i) => ({ id, logit: arrays[at + 1]![i]! - mean }))
      .filter(({ id }) => id < tokenizer.vocabSize)
      .map(({ id, logit }) => ({ id, text: tokenizer.text(id), logit }));
  return {
    index,
    hook: dictionary.hook,
    promoted: effectsOf(3),
    suppressed: effectsOf(5),
    effects: all && histogramOf(all, mean),
    neighbours: Array.from(arrays[0]!, (other, i) => ({ index: other, cosine: arrays[1]![i]! }))
      .filter((neighbour) => neighbour.index !== index)
      .slice(0, CARD_NEIGHBOURS),
    decoderNorm: arrays[2]![0]!,
  };
}

const EFFECT_BINS = 50;

/** @param shift taken off every value */
function histogramOf(values: Float32Array, shift: number): NonNullable<FeatureCard['effects']> {
  const low = values.reduce((least, value) => Math.min(least, value), Infinity) - shift;
  const high = values.reduce((most, value) => Math.max(most, value), -Infinity) - shift;
  const width = (high - low) / EFFECT_BINS;
  const edges = Float32Array.from({ length: EFFECT_BINS + 1 }, (_, bin) => low + bin * width);
  const counts = new Uint32Array(EFFECT_BINS);
  for (const value of values)
    counts[Math.min(EFFECT_BINS - 1, Math.floor((value - shift - low) / width) || 0)]! += 1;
  return { edges, counts };
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
  const batch = gpu.batch('labels');
  const effects = discarding(batch, () =>
    directEffects(batch, model, dictionary, gatherRows(batch, dictionary, features)),
  );
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
