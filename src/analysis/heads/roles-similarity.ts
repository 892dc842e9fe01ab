import { type Distribution, normalized, similarity } from './roles-divergence.ts';
import type { LatentProfile } from './roles-profile.ts';

/** What two latents are compared by. */
export interface Description {
  /** (a) What it reads: |DFA| by class of the source token, and by distance. */
  classes: Distribution;
  distances: Distribution;
  /** (b) Where it fires: activation by token, and by place (register, slot and role). */
  tokens: Distribution;
  places: Distribution;
  /** (c) What it writes: the positive part of its largest direct effects on the logits. */
  writes: Distribution;
}

export function describeLatent(profile: LatentProfile, writes: Distribution): Description {
  return {
    classes: normalized(profile.classes),
    distances: normalized(profile.distances.entries()),
    tokens: normalized(profile.tokens),
    places: normalized(profile.places),
    writes,
  };
}

/**
 * Mean of three Jensen–Shannon similarities: of what the latents read (itself the mean over token classes and distances),
 * of where they fire (over tokens and places), of what they write.
 */
export function latentSimilarity(a: Description, b: Description): number {
  const reads = (similarity(a.classes, b.classes) + similarity(a.distances, b.distances)) / 2;
  const fires = (similarity(a.tokens, b.tokens) + similarity(a.places, b.places)) / 2;
  return (reads + fires + similarity(a.writes, b.writes)) / 3;
}

/** Pairs compared before other work may have a turn. */
const AT_ONCE = 20_000;

/**
 * Every pair. @param pause called now and then; may throw to stop
 * @returns [n, n]
 */
export async function allSimilarities(
  descriptions: readonly Description[],
  pause: () => Promise<void>,
): Promise<Float32Array> {
  const n = descriptions.length;
  const all = new Float32Array(n * n).fill(1);
  let compared = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const value = latentSimilarity(descriptions[i]!, descriptions[j]!);
      all[i * n + j] = value;
      all[j * n + i] = value;
    }
    compared += i;
    if (compared < AT_ONCE) continue;
    compared = 0;
    await pause();
  }
  return all;
}
