/** A row's logits and ln Σ exp of them. */
export interface RowLogits {
  /** [d_vocab] */
  logits: Float32Array;
  lse: number;
}

export interface LikelyTokens {
  /** Likeliest first, ties by lowest id. */
  ids: Uint32Array<ArrayBuffer>;
  probs: Float32Array<ArrayBuffer>;
}

export interface Mover {
  id: number;
  /** Probabilities. */
  before: number;
  after: number;
}

/**
 * Numbers below `count` with the highest scores, best first; ties by lowest number. One walk, which pays while `most` is
 * far below `count`. NaN never comes out.
 */
export function highest(count: number, most: number, score: (index: number) => number): number[] {
  const found: number[] = [];
  const scores: number[] = [];
  for (let i = 0; i < count; i++) {
    const own = score(i);
    if (!(found.length < most || own > scores.at(-1)!) || Number.isNaN(own)) continue;
    let at = found.length;
    while (at > 0 && own > scores[at - 1]!) at -= 1;
    found.splice(at, 0, i);
    scores.splice(at, 0, own);
    if (found.length > most) {
      found.pop();
      scores.pop();
    }
  }
  return found;
}

/** The n likeliest tokens of a row. */
export function likelyTokens({ logits, lse }: RowLogits, n: number): LikelyTokens {
  const ids = Uint32Array.from(highest(logits.length, n, (id) => logits[id]!));
  return { ids, probs: Float32Array.from(ids, (id) => Math.exp(logits[id]! - lse)) };
}

/** [d_vocab] */
export function probabilities({ logits, lse }: RowLogits): Float64Array {
  return Float64Array.from(logits, (logit) => Math.exp(logit - lse));
}

/** Two passes over the same activations may round differently; what changed by less of itself has not changed. */
const ROUNDING = 1e-5;

/**
 * The n tokens whose probability rises most and the n whose falls most, largest change first, ties by lowest id; fewer
 * where fewer change.
 * @param before, after [d_vocab] probabilities
 */
export function topMovers(before: Float64Array, after: Float64Array, n: number): Mover[] {
  const change = (id: number): number => {
    const difference = after[id]! - before[id]!;
    return Math.abs(difference) > ROUNDING * before[id]! ? difference : 0;
  };
  const rising = highest(after.length, n, change).filter((id) => change(id) > 0);
  const falling = highest(after.length, n, (id) => -change(id)).filter((id) => change(id) < 0);
  return [...rising, ...falling]
    .sort((a, b) => Math.abs(change(b)) - Math.abs(change(a)) || a - b)
    .map((id) => ({ id, before: before[id]!, after: after[id]! }));
}
