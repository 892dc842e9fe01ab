import type { Dictionary } from '../../dictionary/dictionary.ts';
import { embed } from '../../gpu/kernels/embed.ts';
import { sliceColumns } from '../../gpu/kernels/slice_columns.ts';
import { topKRows } from '../../gpu/kernels/topk_rows.ts';
import type { Batch } from '../../gpu/batch.ts';
import type { Gpu } from '../../gpu/gpu.ts';
import type { Tensor } from '../../gpu/tensor.ts';
import type { Transformer } from '../../model/transformer.ts';
import type { Columns } from '../interventions.ts';
import { type Distribution, normalized } from './roles-divergence.ts';
import type { OwnedWeights } from './roles-profile.ts';
import type { Turn } from './rows.ts';
import { headShares } from './shares.ts';

/** A head and its columns in what the dictionary reads: all heads of a layer, or the one it was made for. */
export interface DictionaryHead {
  head: number;
  columns: Columns;
}

function dictionaryHeads({ config }: Transformer, { headIndex }: Dictionary): DictionaryHead[] {
  const { nHeads, dHead: count } = config;
  if (headIndex !== undefined) return [{ head: headIndex, columns: { from: 0, count } }];
  return Array.from({ length: nHeads }, (_, head) => ({ head, columns: { from: head * count, count } }));
}

const OWNED = 0.5;
const FEWEST = 10;

/** How the latents of a head were chosen. */
export type Ownership = 'half' | 'top10' | 'largest';

/**
 * The latents a head owns. `half`: those with more than half of their decoder weight on it or, where they are fewer than
 * ten, the ten with the largest share (`top10`). `largest`: those that have more weight on it than on any other head, so
 * that every latent of the layer is some head's.
 * @param shares [d_sae · heads]
 */
export function ownedLatents(
  shares: Float32Array,
  heads: number,
  head: number,
  rule: 'half' | 'largest' = 'half',
): { owned: Ownership; features: number[] } {
  const own = Float32Array.from(
    { length: shares.length / heads },
    (_, latent) => shares[latent * heads + head]!,
  );
  const latents = Array.from(own.keys()).filter((latent) => own[latent]! > 0);
  if (rule === 'largest') {
    const most = (latent: number): number =>
      shares.subarray(latent * heads, (latent + 1) * heads).reduce((top, share) => Math.max(top, share), 0);
    return { owned: 'largest', features: latents.filter((latent) => own[latent]! === most(latent)) };
  }
  const half = latents.filter((latent) => own[latent]! > OWNED);
  if (half.length >= FEWEST) return { owned: 'half', features: half };
  const order = latents.sort((a, b) => own[b]! - own[a]! || a - b);
  return { owned: 'top10', features: order.slice(0, FEWEST).sort((a, b) => a - b) };
}

export interface OwnedLatents extends DictionaryHead {
  owned: Ownership;
  weights: OwnedWeights;
}

/** Features whose rows are on their way at once. */
const AT_ONCE = 512;

/** Owned latents of every wanted head of a dictionary on `hook_z`, with their weights on it. */
export async function readOwned(
  model: Transformer,
  dictionary: Dictionary,
  { wanted, rule }: { wanted: (head: number) => boolean; rule?: 'half' | 'largest' },
  turn: Turn,
): Promise<OwnedLatents[]> {
  const { gpu } = model;
  const heads = dictionaryHeads(model, dictionary);
  const { nHeads } = model.config;
  const { shares } = await headShares(model, dictionary, turn);
  const all: OwnedLatents[] = [];
  for (const { head, columns } of heads) {
    if (!wanted(head)) continue;
    const { owned, features } = ownedLatents(shares, nHeads, head, rule);
    const encoder = await turn(() => encoderDirections(gpu, dictionary, features, columns));
    const decoder = await turn(() =>
      rowsOf(gpu, features, columns, (batch, part) =>
        embed(batch, {
          ids: batch.input(Uint32Array.from(part), [part.length]),
          tokens: dictionary.wDec,
          positionOffset: 0,
        }),
      ),
    );
    const weights: OwnedWeights = {
      features: Uint32Array.from(features),
      shares: Float32Array.from(features, (feature) => shares[feature * nHeads + head]!),
      encoder,
      decoder,
      dHead: columns.count,
    };
    all.push({ head, columns, owned, weights });
  }
  return all;
}

/** `W_enc[h, :, i]` of some features. @returns [n, d_head] */
function encoderDirections(
  gpu: Gpu,
  dictionary: Dictionary,
  features: readonly number[],
  columns: Columns,
): Promise<Float32Array> {
  return rowsOf(gpu, features, columns, (batch, part) => {
    const { directions, constants } = dictionary.encoderRows(batch, part);
    batch.release(constants);
    return directions;
  });
}

/** Some columns of rows that are looked up on the GPU, a part of the features at a time. @returns [n, columns.count] */
async function rowsOf(
  gpu: Gpu,
  features: readonly number[],
  columns: Columns,
  lookUp: (batch: Batch, part: number[]) => Tensor,
): Promise<Float32Array> {
  const rows = new Float32Array(features.length * columns.count);
  for (let first = 0; first < features.length; first += AT_ONCE) {
    const batch = gpu.batch('rows of features');
    const x = lookUp(batch, features.slice(first, first + AT_ONCE));
    const { arrays } = await batch.submit([sliceColumns(batch, { x, ...columns })]);
    rows.set(arrays[0]!, first * columns.count);
  }
  return rows;
}

/** Tokens kept of what a latent writes. */
const WRITTEN = 40;
/** Most bytes of logits at once. */
const MOST_LOGITS = 2 ** 24;

/**
 * What each latent writes through its head: the direct effect of W_dec[i, h] on the logits (see `directLogits`: W_O, the
 * gains of the norms on the way with scales of 1, W_U) minus its mean over the vocabulary; of the 40 largest the positive
 * ones, as shares of their sum.
 * @param latents places in `weights.features`
 * @param vocabulary tokens there are; a vocabulary may be padded with rows that are none
 * @returns by latent
 */
export async function writtenTokens(
  model: Transformer,
  { hookOut: hook }: Dictionary,
  { head, weights: { decoder, dHead } }: OwnedLatents,
  latents: readonly number[],
  vocabulary: number,
  turn: Turn,
): Promise<Map<number, Distribution>> {
  const { gpu, config } = model;
  const width = config.nHeads * config.dHead;
  const step = Math.max(1, Math.min(64, Math.floor(MOST_LOGITS / (4 * config.dVocab))));
  const whole = (rows: readonly Float32Array[]): Float32Array<ArrayBuffer> => {
    const all = new Float32Array(rows.length * width);
    rows.forEach((row, i) => all.set(row, i * width + head * dHead));
    return all;
  };
  const logitsOf = (batch: Batch, rows: readonly Float32Array[]): Tensor =>
    model.directLogits(batch, hook, batch.input(whole(rows), [rows.length, width]));
  // The mean over the vocabulary is linear in the direction: one look at each unit vector of the head gives it for all.
  const means = new Float64Array(dHead);
  const units = Array.from({ length: dHead }, (_, d) => new Float32Array(dHead).fill(1, d, d + 1));
  for (let first = 0; first < dHead; first += step) {
    const part = units.slice(first, first + step);
    await turn(async () => {
      const batch = gpu.batch('written on average');
      const { arrays } = await batch.submit([logitsOf(batch, part)]);
      part.forEach((_, i) => {
        const own = (arrays[0] as Float32Array).subarray(i * config.dVocab, i * config.dVocab + vocabulary);
        means[first + i] = own.reduce((sum, value) => sum + value, 0) / own.length;
      });
    });
  }
  const k = Math.min(WRITTEN, config.dVocab);
  const written = new Map<number, Distribution>();
  for (let first = 0; first < latents.length; first += step) {
    const part = latents.slice(first, first + step);
    const rows = part.map((latent) => decoder.subarray(latent * dHead, (latent + 1) * dHead));
    await turn(async () => {
      const batch = gpu.batch('written tokens');
      const logits = logitsOf(batch, rows);
      const top = topKRows(batch, { x: logits, k, order: 'largest' });
      const { arrays } = await batch.submit([top.indices, top.values]);
      part.forEach((latent, i) => {
        const mean = rows[i]!.reduce((sum, value, d) => sum + value * means[d]!, 0);
        const masses = Array.from(
          arrays[0]!.subarray(i * k, (i + 1) * k),
          (id, j) => [id, Math.max(0, arrays[1]![i * k + j]! - mean)] as const,
        );
        written.set(latent, normalized(masses.filter(([id]) => id < vocabulary)));
      });
    });
  }
  return written;
}
