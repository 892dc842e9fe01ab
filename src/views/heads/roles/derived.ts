import type { HeadRoles, LayerRoles } from '../../../engine/protocol.ts';
import type { MeasuredLayer } from '../../../state/roles.ts';

/** A part of a head's output power. */
export interface PowerPart {
  kind: 'role' | 'others' | 'overlap' | 'unexplained';
  /** Of a role: its place in the list. */
  role?: number;
  /** Share of the head's whole output power; an overlap can be below 0. */
  power: number;
}

/** What the head's whole output power is made of; adds up to 1. */
export function powerParts({ roles, others, overlap, unexplained }: HeadRoles): PowerPart[] {
  const parts: PowerPart[] = roles.map(({ power }, role) => ({ kind: 'role', role, power }));
  // Weights are shares of the same sum as powers are.
  const told = roles.reduce((sum, { power }) => sum + power, 0);
  const weight = roles.reduce((sum, role) => sum + role.weight, 0);
  if (others.roles > 0)
    parts.push({ kind: 'others', power: weight > 0 ? (told / weight) * others.weight : 0 });
  return [...parts, { kind: 'overlap', power: overlap }, { kind: 'unexplained', power: unexplained }];
}

/** Share of explained power from which a role counts in the verdict; smaller ones are ablated, too. */
const LARGE = 0.1;

/** Most large roles of which every two are causally separate. */
export function separateRoles({ separate, roles }: Pick<HeadRoles, 'separate' | 'roles'>): number[] {
  const large = separate.filter((pair) => pair.every((role) => roles[role]!.weight >= LARGE));
  const named = [...new Set(large.flat())].sort((a, b) => a - b);
  const pairs = new Set(large.flatMap(([a, b]) => [`${a} ${b}`, `${b} ${a}`]));
  let best: number[] = [];
  const grow = (group: number[], from: number): void => {
    if (group.length > best.length) best = group;
    for (let i = from; i < named.length; i++) {
      const role = named[i]!;
      if (group.every((other) => pairs.has(`${other} ${role}`))) grow([...group, role], i + 1);
    }
  };
  grow([], 0);
  return best;
}

/** Share of the resamples of the texts that agree with the verdict. */
export function agreement({ polysemantic, confidence }: HeadRoles): number {
  if (polysemantic === 'unknown') return NaN;
  return polysemantic ? confidence : 1 - confidence;
}

/** Families that occur among roles, the commonest first, with the number of roles of each. */
export function familiesOf(roles: HeadRoles['roles']): { family: string; roles: number }[] {
  const counts = new Map<string, number>();
  for (const { families } of roles)
    for (const family of families) counts.set(family, (counts.get(family) ?? 0) + 1);
  return [...counts]
    .map(([family, count]) => ({ family, roles: count }))
    .sort((a, b) => b.roles - a.roles || (a.family < b.family ? -1 : 1));
}

export function headOf(
  layers: Readonly<Record<number, MeasuredLayer>>,
  layer: number | null,
  head: number | null,
): { found: HeadRoles; of: LayerRoles; complete: boolean } | undefined {
  const measured = layer === null ? undefined : layers[layer];
  const found = measured?.roles.heads.find((one) => one.head === head);
  return found && measured && { found, of: measured.roles, complete: measured.complete };
}

/** How many roles were ablated: the first so many. One without tokens of its own has no figure of its own. */
export const ablatedRoles = ({ roles }: Pick<HeadRoles, 'roles'>): number =>
  1 +
  Math.max(
    -1,
    ...roles.flatMap(({ riseWithout }) => riseWithout.findLastIndex((rise) => !Number.isNaN(rise))),
  );

/** Largest rise or fall of the ablations, for the colour scale; above 0. */
export const largestRise = ({ roles }: Pick<HeadRoles, 'roles'>): number =>
  roles
    .flatMap(({ riseWithout }) => riseWithout)
    .reduce((most, rise) => (Number.isNaN(rise) ? most : Math.max(most, Math.abs(rise))), 1e-12);
