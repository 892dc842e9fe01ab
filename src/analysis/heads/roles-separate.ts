import { Rng } from '../../storyworld/rng.ts';

/** A role counts from this share of explained power on. */
export const LEAST_WEIGHT = 0.1;
/** Ablating another role must change a role's loss by less than this part of what ablating the role itself does. */
export const LEAST_EFFECT = 0.1;
export const RESAMPLES = 200;
/** A role's own effect is beyond noise when this quantile of its bootstrap distribution is above 0. */
const LOWER = 0.05;

/** What ablations of a head's R roles did, text by text; of the R, the first M were ablated. */
export interface RoleSums {
  texts: number;
  roles: number;
  measured: number;
  /** [texts · R] powers, see `RolePowers.perText`. */
  power: Float64Array;
  /** [texts · M] judged tokens where the role is the head's strongest. */
  tokens: Float64Array;
  /** [texts · M · M] Σ over the tokens where role r is strongest of loss without role q − loss as is, at r · M + q. */
  rise: Float64Array;
}

export interface Separateness {
  /** [M · M] mean rise, nats a token, where role r is strongest when role q is ablated; NaN without such tokens. */
  rise: Float64Array;
  /** [M] 5 % quantile over resamples of each role's own effect. */
  lower: Float64Array;
  /** Pairs of roles, r < q, that are causally separate. */
  separate: [number, number][];
  polysemantic: boolean;
  /** [RESAMPLES] whether the head is polysemantic in each resample of the texts. */
  resampled: boolean[];
  /** Share of them in which it is. */
  confidence: number;
}

/** Weights and rises of a sample of the texts, one number of times each. */
function measure({ texts, roles, measured, power, tokens, rise }: RoleSums, times?: Uint32Array) {
  const weights = new Float64Array(measured);
  const counts = new Float64Array(measured);
  const rises = new Float64Array(measured * measured);
  let all = 0;
  for (let text = 0; text < texts; text++) {
    const n = times?.[text] ?? 1;
    if (n === 0) continue;
    for (let role = 0; role < roles; role++) {
      const own = n * power[text * roles + role]!;
      all += own;
      if (role < measured) weights[role]! += own;
    }
    for (let role = 0; role < measured; role++) counts[role]! += n * tokens[text * measured + role]!;
    for (let pair = 0; pair < rises.length; pair++)
      rises[pair]! += n * rise[text * measured * measured + pair]!;
  }
  return {
    weights: weights.map((weight) => weight / all),
    rises: rises.map((sum, pair) => sum / counts[Math.floor(pair / measured)]!),
  };
}

/** Pairs where neither ablation reaches the other role's tokens. NaN compares as false and so never separates. */
function pairsOf(rises: Float64Array, measured: number, able: (role: number) => boolean): [number, number][] {
  const apart = (r: number, q: number): boolean =>
    Math.abs(rises[r * measured + q]!) < LEAST_EFFECT * rises[r * measured + r]!;
  const pairs: [number, number][] = [];
  for (let r = 0; r < measured; r++) {
    for (let q = r + 1; q < measured; q++)
      if (able(r) && able(q) && apart(r, q) && apart(q, r)) pairs.push([r, q]);
  }
  return pairs;
}

/**
 * Which roles are causally separate, and whether the head is polysemantic.
 *
 * Roles r and q are separate when ablating q changes the loss on the tokens where r is the head's strongest by less than
 * 10 % of what ablating r does there, and the other way round; both own effects must be rises beyond noise: their 5 %
 * quantile over resamples of the texts is above 0. A head is polysemantic when two roles with at least 10 % of the
 * explained power each are separate. Texts are resampled as wholes, because their tokens are not independent; the same
 * seed gives the same resamples to every head and layer.
 */
export function judgeSeparateness(sums: RoleSums, seed: number): Separateness {
  const { texts, measured } = sums;
  const samples = Array.from({ length: RESAMPLES }, (_, resample) => {
    const rng = new Rng(seed, resample);
    const times = new Uint32Array(texts);
    for (let draw = 0; draw < texts; draw++) times[rng.below(texts)]! += 1;
    return measure(sums, times);
  });
  const lower = Float64Array.from({ length: measured }, (_, role) => {
    // A resample without any token of the role says nothing for it.
    const own = samples
      .map(({ rises }) => rises[role * measured + role]!)
      .map((x) => (Number.isNaN(x) ? 0 : x));
    return own.sort((a, b) => a - b)[Math.floor(LOWER * RESAMPLES)]!;
  });
  const verdict = ({ weights, rises }: ReturnType<typeof measure>) => {
    const separate = pairsOf(rises, measured, (role) => lower[role]! > 0);
    const large = separate.some((pair) => pair.every((role) => weights[role]! >= LEAST_WEIGHT));
    return { separate, polysemantic: large };
  };
  const whole = measure(sums);
  const resampled = samples.map((sample) => verdict(sample).polysemantic);
  return {
    rise: whole.rises,
    lower,
    ...verdict(whole),
    resampled,
    confidence: resampled.filter(Boolean).length / RESAMPLES,
  };
}
