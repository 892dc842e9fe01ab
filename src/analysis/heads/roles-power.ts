import { effectiveNumber } from './roles-divergence.ts';
import type { HeadRun } from './roles-profile.ts';

/** Which role each latent is in; −1: none, as of latents that never fired. */
export interface Grouping {
  of: Int32Array;
  count: number;
}

/** [n] Σ f_i² ‖W_dec[i, h]‖² of each latent. */
export function latentPowers(run: HeadRun): Float64Array {
  const { decoder, dHead } = run.weights;
  const powers = new Float64Array(run.profiles.length);
  run.latent.forEach((latent, i) => (powers[latent]! += run.value[i]! ** 2));
  return powers.map((power, latent) => {
    let squares = 0;
    for (let d = 0; d < dHead; d++) squares += decoder[latent * dHead + d]! ** 2;
    return power * squares;
  });
}

/** What roles bring to a head's output. R roles. */
export interface RolePowers {
  /** [texts · R] Σ over judged rows of ‖Σ_{i in role} f_i W_dec[i, h]‖². */
  perText: Float64Array;
  /** [R] the same over all texts. */
  total: Float64Array;
}

/**
 * Powers of the roles, row by row.
 * @param onRow [R] the powers on one row, for as long as the call lasts
 */
export function rolePowers(
  run: HeadRun,
  { of, count }: Grouping,
  onRow?: (text: number, row: number, powers: Float64Array) => void,
): RolePowers {
  const { dHead, decoder } = run.weights;
  const sums = new Float64Array(count * dHead);
  const powers = new Float64Array(count);
  const perText = new Float64Array(run.outputPower.length * count);
  const total = new Float64Array(count);
  run.eachRow((text, row, from, to) => {
    const roles = new Set<number>();
    for (let entry = from; entry < to; entry++) {
      const latent = run.latent[entry]!;
      const role = of[latent]!;
      if (role < 0) continue;
      if (!roles.has(role)) sums.fill(0, role * dHead, (role + 1) * dHead);
      roles.add(role);
      for (let d = 0; d < dHead; d++)
        sums[role * dHead + d]! += run.value[entry]! * decoder[latent * dHead + d]!;
    }
    for (const role of roles) {
      let power = 0;
      for (let d = 0; d < dHead; d++) power += sums[role * dHead + d]! ** 2;
      powers[role] = power;
      perText[text * count + role]! += power;
      total[role]! += power;
    }
    onRow?.(text, row, powers);
    for (const role of roles) powers[role] = 0;
  });
  return { perText, total };
}

/** Effective number of roles, exp(entropy) of their powers without the unexplained part, and how many there are. */
export function countRoles(run: HeadRun, grouping: Grouping): { effectiveRoles: number; roles: number } {
  const { total } = rolePowers(run, grouping);
  return { effectiveRoles: effectiveNumber([...total]), roles: grouping.count };
}

/** Roles numbered anew, largest power first. */
export function byPower(run: HeadRun, { of, count }: Grouping): Grouping {
  const { total } = rolePowers(run, { of, count });
  const order = Array.from(total.keys()).sort((a, b) => total[b]! - total[a]! || a - b);
  const rank = new Int32Array(count);
  order.forEach((role, i) => (rank[role] = i));
  return { of: of.map((role) => (role < 0 ? -1 : rank[role]!)), count };
}

/** The role that brings most on each row on which one fires, as [text → row → role]. */
export function strongestRoles(run: HeadRun, grouping: Grouping): Map<number, number>[] {
  const strongest = run.outputPower.map(() => new Map<number, number>());
  rolePowers(run, grouping, (text, row, powers) => {
    let best = -1;
    powers.forEach((power, role) => {
      if (power > (best < 0 ? 0 : powers[best]!)) best = role;
    });
    if (best >= 0) strongest[text]!.set(row, best);
  });
  return strongest;
}

/**
 * What is taken from z where a role is ablated: −Σ_{i in role} f_i W_dec[i, h] on every judged row.
 * @param length rows of the text
 * @param columns width of z, and the first column of the head in it
 * @returns [length, width], undefined when the role does not fire in this text
 */
export function roleDelta(
  run: HeadRun,
  latents: ReadonlySet<number>,
  text: { number: number; length: number },
  columns: { width: number; from: number },
): Float32Array<ArrayBuffer> | undefined {
  const { dHead, decoder } = run.weights;
  let delta: Float32Array<ArrayBuffer> | undefined;
  for (let entry = lowerBound(run.text, text.number); run.text[entry] === text.number; entry++) {
    const latent = run.latent[entry]!;
    if (!latents.has(latent)) continue;
    delta ??= new Float32Array(text.length * columns.width);
    const at = run.row[entry]! * columns.width + columns.from;
    for (let d = 0; d < dHead; d++) delta[at + d]! -= run.value[entry]! * decoder[latent * dHead + d]!;
  }
  return delta;
}

/** First place in an ascending list that holds `value` or more. */
function lowerBound(list: readonly number[], value: number): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
