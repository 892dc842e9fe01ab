import type { SparseCodes } from '../../dictionary/codes.ts';
import type { Dictionary } from '../../dictionary/dictionary.ts';

/** One feature over the rows of one window, T of them; the first `prefix` are not of the text. */
export interface FeatureRows {
  /** [T] 0 where it is not active. */
  values: Float32Array<ArrayBuffer>;
  /** [T] what its activation would be if it fired, and what that would have to exceed. */
  would: Float64Array<ArrayBuffer>;
  bar: Float32Array<ArrayBuffer>;
}

/** How the number that becomes a feature's activation is made of its input; see `Dictionary.encoderRows`. */
export interface FeatureEncoder {
  /** [d_in] */
  direction: ArrayLike<number>;
  constant: number;
}

/** A dictionary over one window. */
export interface WindowCodes {
  codes: SparseCodes;
  /** [T · d_in] what was encoded. */
  input: Float32Array;
  /** [T · 4] See `Dictionary.inputScales`. */
  scales?: Float32Array;
}

/** [T] a feature's activations. */
export function valuesOf(
  { offsets, indices, values }: SparseCodes,
  feature: number,
): Float32Array<ArrayBuffer> {
  const found = new Float32Array(offsets.length - 1);
  for (let row = 0; row < found.length; row++) {
    for (let e = offsets[row]!; e < offsets[row + 1]!; e++)
      if (indices[e] === feature) found[row] = values[e]!;
  }
  return found;
}

type Bars = Pick<Dictionary, 'bars' | 'k' | 'dSae' | 'architecture'>;

export function featureRows(
  dictionary: Bars,
  { codes, input, scales }: WindowCodes,
  feature: number,
  { direction, constant }: FeatureEncoder,
): FeatureRows {
  const values = valuesOf(codes, feature);
  const would = new Float64Array(values.length);
  const bar = new Float32Array(values.length);
  const width = direction.length;
  for (let row = 0; row < values.length; row++) {
    let sum = 0;
    for (let i = 0; i < width; i++) sum += input[row * width + i]! * direction[i]!;
    would[row] = sum * (scales?.[4 * row + 1] ?? 1) + constant;
    bar[row] = barAt(dictionary, codes, feature, row);
  }
  return { values, would, bar };
}

/**
 * What a feature's activation must exceed on a token to be active there: its threshold; else, of the k largest, the
 * smallest that was kept, or 0 when there was room; of GroupMax, the value of the feature that won its group.
 */
function barAt(
  { bars, k, dSae, architecture }: Bars,
  codes: SparseCodes,
  feature: number,
  row: number,
): number {
  if (bars) return bars[feature]!;
  const [from, to] = [codes.offsets[row]!, codes.offsets[row + 1]!];
  if (architecture === 'groupmax') {
    const group = (latent: number): number => Math.floor((latent * k) / dSae);
    for (let e = from; e < to; e++) if (group(codes.indices[e]!) === group(feature)) return codes.values[e]!;
    return 0;
  }
  return to - from < k ? 0 : codes.values[to - 1]!;
}

export interface NearMiss {
  /** Which of the windows, and its row. */
  window: number;
  row: number;
  would: number;
  bar: number;
}

/**
 * Tokens on which a feature is not active although little is missing: the largest would-be activations, one a text, ties by
 * the order of windows and rows. Row 0 of a window is out.
 * @param windows `item` is the text a window is of
 */
export function nearMisses(
  windows: readonly (FeatureRows & { item: number; prefix: number })[],
  most: number,
): NearMiss[] {
  const best = new Map<number, NearMiss>();
  windows.forEach(({ item, prefix, values, would, bar }, window) => {
    for (let row = Math.max(1, prefix); row < values.length; row++) {
      if (values[row]! > 0 || would[row]! <= (best.get(item)?.would ?? -Infinity)) continue;
      best.set(item, { window, row, would: would[row]!, bar: bar[row]! });
    }
  });
  return [...best.values()]
    .toSorted((a, b) => b.would - a.would || a.window - b.window || a.row - b.row)
    .slice(0, most);
}
