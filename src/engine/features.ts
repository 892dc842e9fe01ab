import { logitDirection, recordFeatureCard } from '../analysis/feature-card.ts';
import type { Dictionary } from '../dictionary/dictionary.ts';
import { embed } from '../gpu/kernels/embed.ts';
import { matmul } from '../gpu/kernels/matmul.ts';
import { topKRows } from '../gpu/kernels/topk_rows.ts';
import { FacetError } from '../shared/errors.ts';
import type { OpenedModelState } from './opened-model.ts';
import type { FeatureCard, FeatureLabel } from './protocol.ts';

const CARD_TOKENS = 20;
const CARD_NEIGHBOURS = 16;
const LABEL_TOKENS = 4;
const MOST_LABELS = 256;

/** Decoder rows as they are, and as the directions that meet the unembedding; one small readback. */
async function readRows(
  { gpu, model }: OpenedModelState,
  dictionary: Dictionary,
  features: readonly number[],
): Promise<{ rows: Float32Array<ArrayBuffer>; directions: Float32Array<ArrayBuffer>; norms: Float32Array }> {
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
  const directions = new Float32Array(rows.length);
  for (let at = 0; at < rows.length; at += gain.length) {
    directions.set(logitDirection(rows.subarray(at, at + gain.length), gain), at);
  }
  return { rows, directions, norms };
}

/** @throws FacetError `bad-input` for a feature the dictionary does not have */
export async function describeFeature(
  opened: OpenedModelState,
  dictionary: Dictionary,
  index: number,
): Promise<FeatureCard> {
  const { gpu, model, tokenizer } = opened;
  const { rows, directions, norms } = await readRows(opened, dictionary, [index]);
  const batch = gpu.batch('feature');
  const { promoted, suppressed, neighbours, effects } = recordFeatureCard(
    batch,
    model,
    dictionary,
    { direction: batch.input(directions, [1, rows.length]), query: batch.input(rows, [1, rows.length]) },
    {
      tokens: Math.min(CARD_TOKENS, tokenizer.vocabSize),
      neighbours: Math.min(CARD_NEIGHBOURS + 1, dictionary.dSae),
    },
  );
  const { arrays } = await batch.submit([
    promoted.indices,
    promoted.values,
    suppressed.indices,
    suppressed.values,
    neighbours.indices,
    neighbours.values,
    effects,
  ]);
  const all = arrays[6]!.subarray(0, tokenizer.vocabSize) as Float32Array;
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  const effectsOf = (at: number) =>
    Array.from(arrays[at]!, (id, i) => ({ id, text: tokenizer.text(id), logit: arrays[at + 1]![i]! - mean }));
  return {
    index,
    hook: dictionary.hook,
    promoted: effectsOf(0),
    suppressed: effectsOf(2),
    neighbours: Array.from(arrays[4]!, (other, i) => ({ index: other, cosine: arrays[5]![i]! }))
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
  const { directions } = await readRows(opened, dictionary, features);
  const batch = gpu.batch('labels');
  const x = batch.input(directions, [features.length, directions.length / features.length]);
  const effects = matmul(batch, { x, weights: model.weights.get('embed.W_E'), layout: 'nk' });
  const k = Math.min(LABEL_TOKENS, tokenizer.vocabSize);
  const promoted = topKRows(batch, { x: effects, k, order: 'largest' });
  const { arrays } = await batch.submit([promoted.indices]);
  return features.map((index, i) => ({
    index,
    promoted: Array.from(arrays[0]!.subarray(i * k, (i + 1) * k), (id) => tokenizer.text(id)),
  }));
}
