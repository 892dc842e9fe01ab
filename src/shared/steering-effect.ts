/**
 * What strengths do to generated texts, in figures that methods of steering are compared by. The records are those of
 * `Sweep` in `engine/steer-protocol.ts`, as far as they are needed.
 */
export interface MeasuredPoint {
  strength: number;
  /** Mean loss of the texts' tokens under the model without interventions, nats a token. */
  loss: number;
  /** [E] share of tokens with each property. */
  rates: ArrayLike<number>;
}

export interface MeasuredSweep {
  base: MeasuredPoint;
  points: readonly MeasuredPoint[];
}

/** Fluency is kept while the loss is at most this many times that of the model's own texts. */
export const FLUENCY_LIMIT = 1.2;

/** Loss under the base over that of the base's own texts, minus 1. */
export function fluencyLoss(base: Pick<MeasuredPoint, 'loss'>, point: Pick<MeasuredPoint, 'loss'>): number {
  return point.loss / base.loss - 1;
}

/** The strength furthest up and down from the neutral one up to which every strength keeps fluency. */
export interface Keeps {
  up?: number;
  down?: number;
}

/**
 * See `Sweep.keeps`.
 * @param points in any order; a strength asked twice must keep fluency both times
 * @param neutral strength that changes nothing: 0, or 1 where factors are swept; it is on both sides
 */
export function keepsOf({ base, points }: MeasuredSweep, neutral = 0): Keeps {
  const furthest = (side: 1 | -1): number | undefined => {
    const ordered = points
      .filter(({ strength }) => (strength - neutral) * side >= 0)
      .sort((a, b) => (a.strength - b.strength) * side);
    const lost = ordered.find((point) => !(point.loss <= FLUENCY_LIMIT * base.loss));
    const kept = ordered.filter(
      ({ strength }) => strength !== neutral && (!lost || strength * side < lost.strength * side),
    );
    return kept.at(-1)?.strength;
  };
  const keeps: Keeps = {};
  const [up, down] = [furthest(1), furthest(-1)];
  if (up !== undefined) keeps.up = up;
  if (down !== undefined) keeps.down = down;
  return keeps;
}

export interface SteeringEffect {
  /** Change of the property's rate per unit of strength: least squares on a line through the base. */
  slope: number;
  /**
   * |slope| over the sum of |slopes| of all properties, 0 to 1. Properties overlap (a woman's name is a name), so that a
   * perfect steering has less than 1 too; compare it between features of one property. NaN where nothing changes.
   */
  selectivity: number;
  /** `fluencyLoss` at the strengths fitted, the largest. */
  fluencyLoss: number;
  /** Strengths the line was fitted to. */
  strengths: number;
}

/**
 * What a sweep says of one property, over the strengths that keep fluency (`keepsOf`).
 * @param effect its number
 * @param neutral strength that changes nothing: 0, or 1 where factors are swept
 * @returns undefined where no strength but the neutral one keeps fluency
 */
export function effectOf(sweep: MeasuredSweep, effect: number, neutral = 0): SteeringEffect | undefined {
  const { base, points } = sweep;
  const { up = neutral, down = neutral } = keepsOf(sweep, neutral);
  const fitted = points.filter(({ strength }) => strength !== neutral && strength >= down && strength <= up);
  if (fitted.length === 0) return undefined;
  const slopeOf = (which: number): number => {
    let [product, square] = [0, 0];
    for (const { strength, rates } of fitted) {
      product += (strength - neutral) * (rates[which]! - base.rates[which]!);
      square += (strength - neutral) ** 2;
    }
    return product / square;
  };
  const slopes = Array.from(base.rates, (_, which) => slopeOf(which));
  return {
    slope: slopes[effect]!,
    selectivity: shareOf(slopes, effect),
    fluencyLoss: Math.max(...fitted.map((point) => fluencyLoss(base, point))),
    strengths: fitted.length,
  };
}

/** |change of one rate| over the sum of |changes| of all, between two points. */
export function selectivityAt(base: MeasuredPoint, point: MeasuredPoint, effect: number): number {
  return shareOf(
    Array.from(base.rates, (rate, which) => point.rates[which]! - rate),
    effect,
  );
}

function shareOf(changes: readonly number[], which: number): number {
  return Math.abs(changes[which]!) / changes.reduce((sum, change) => sum + Math.abs(change), 0);
}
