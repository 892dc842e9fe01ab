import type { SparseCodes } from '../../dictionary/codes.ts';
import { NONE } from './nearest-rows.ts';

/** Pairs of active latents that are counted at most, a second or so of work, and active latents that are kept. */
export const MOST_PAIRS = 100_000_000;
export const MOST_ENTRIES = 20_000_000;

/** On which tokens each latent of a dictionary fires, gathered a text at a time. */
export class FiringTokens {
  readonly #rows: Uint32Array[] = [];
  tokens = 0;
  entries = 0;

  /** @param firstRow those before it are left out */
  add({ offsets, indices }: SparseCodes, firstRow: number): void {
    for (let row = firstRow; row < offsets.length - 1; row++) {
      const own = indices.slice(offsets[row], offsets[row + 1]);
      this.#rows.push(own);
      this.tokens += 1;
      this.entries += own.length;
    }
  }

  row(token: number): Uint32Array {
    return this.#rows[token]!;
  }

  /** Row-compressed by latent: tokens of latent f are tokens[offsets[f]] … */
  byLatent(latents: number): { offsets: Uint32Array; tokens: Uint32Array } {
    const offsets = new Uint32Array(latents + 1);
    for (const row of this.#rows) for (const latent of row) offsets[latent + 1]! += 1;
    for (let f = 0; f < latents; f++) offsets[f + 1]! += offsets[f]!;
    const next = offsets.slice();
    const tokens = new Uint32Array(this.entries);
    this.#rows.forEach((row, token) => {
      for (const latent of row) tokens[next[latent]!++] = token;
    });
    return { offsets, tokens };
  }
}

export interface Partners {
  partner: Uint32Array<ArrayBuffer>;
  jaccard: Float32Array<ArrayBuffer>;
  count: Uint32Array<ArrayBuffer>;
  together: Uint32Array<ArrayBuffer>;
}

/**
 * For every latent of one dictionary the latent of another that fires on the same tokens most: largest Jaccard, tokens of
 * both over tokens of either, the lowest of equals; `NONE` where it never fires together with any. One latent's counts
 * exist at a time.
 * @param own,other of the same tokens in the same order
 */
export function coFiring(
  own: FiringTokens,
  other: FiringTokens,
  latents: number,
  otherLatents: number,
): Partners {
  const mine = own.byLatent(latents);
  const theirs = other.byLatent(otherLatents);
  const found: Partners = {
    partner: new Uint32Array(latents).fill(NONE),
    jaccard: new Float32Array(latents),
    count: new Uint32Array(latents),
    together: new Uint32Array(latents),
  };
  const counts = new Uint32Array(otherLatents);
  for (let f = 0; f < latents; f++) {
    const touched: number[] = [];
    const fired = mine.offsets[f + 1]! - mine.offsets[f]!;
    found.count[f] = fired;
    for (let i = mine.offsets[f]!; i < mine.offsets[f + 1]!; i++) {
      for (const latent of other.row(mine.tokens[i]!)) {
        if (counts[latent] === 0) touched.push(latent);
        counts[latent]! += 1;
      }
    }
    let best = 0;
    for (const latent of touched.sort((a, b) => a - b)) {
      const both = counts[latent]!;
      counts[latent] = 0;
      const jaccard = both / (fired + theirs.offsets[latent + 1]! - theirs.offsets[latent]! - both);
      if (jaccard <= best) continue;
      best = jaccard;
      found.partner[f] = latent;
      found.together[f] = both;
    }
    found.jaccard[f] = best;
  }
  return found;
}
