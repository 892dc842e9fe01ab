import { averageLinkage, cut, type Merge } from './roles-cluster.ts';
import { type Distribution, effectiveNumber, normalized } from './roles-divergence.ts';
import { labelCounts, scoreLabels } from './roles-labels.ts';
import type { Ownership } from './roles-owned.ts';
import {
  byPower,
  countRoles,
  type Grouping,
  latentPowers,
  rolePowers,
  strongestRoles,
} from './roles-power.ts';
import type { HeadRun, RoleText } from './roles-profile.ts';
import type { RoleSums, Separateness } from './roles-separate.ts';
import { allSimilarities, describeLatent } from './roles-similarity.ts';
import { decoderLength, describeRole, type RoleNames } from './roles-words.ts';

/**
 * How many unrelated things a head does. The definition, each step of which can be looked at:
 *
 * 1. A head's latents are those of a dictionary on `hook_z` with more than half of their decoder weight on it, or the ten
 *    with the largest share if those are fewer (`ownedLatents`). Where a dictionary spreads its latents over heads these say
 *    little of what a head writes, which `unexplained` shows; the wider rule `largest` takes all latents that have more
 *    weight on the head than on any other.
 * 2. Each latent is described by what it reads (|direct feature attribution| by class of the source token and by distance),
 *    where it fires (activation by token and by place in the text) and what it writes (its largest direct effects on the
 *    logits), over a corpus of Storyworld (`LatentProfile`, `writtenTokens`).
 * 3. Two latents are as similar as the mean of the three Jensen–Shannon similarities (`latentSimilarity`). Roles are the
 *    groups of average linkage above `THRESHOLD` (`averageLinkage`).
 * 4. A role weighs its share of explained power, E‖Σ_{i in role} f_i W_dec[i, h]‖² over the sum of all roles'. What no owned
 *    latent says, E‖z_h − Σ_{i owned} f_i W_dec[i, h]‖², is told apart (`rolePowers`).
 * 5. The effective number of roles is exp(entropy) of these weights. A head is polysemantic when two roles of at least 10 %
 *    each are causally separate: ablating the one does not reach the tokens of the other (`judgeSeparateness`).
 *
 * How this differs from the figure for GPT-2 small in Kissane et al. 2024 (at least 90 % of heads polysemantic): there a
 * person read, for each head, the ten latents with the largest head share and called the head monosemantic only when all
 * ten had one role; here every owned latent counts, roles are grouped by measured similarity instead of by eye, small roles
 * (below 10 % of explained power) make no head polysemantic, and looking different is not enough: each role must be
 * needed where it is strongest and the other not. Ours is so the stricter test for the same head. The models differ as
 * well: a small model of a synthetic language with few kinds of text has less to pack into its heads.
 */

/**
 * Latents share a role above this similarity. Chosen by `bench/roles.bench-gpu.ts` on the bundled dictionaries
 * and then frozen; the table is in README.md.
 */
export const THRESHOLD = 0.6;
/** Thresholds of the sensitivity curve. */
export const THRESHOLDS: readonly number[] = [0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8, 0.9];

/** Latents a head's roles are made of at most, the ones with most power: similarities take a matrix of n². */
const MOST_LATENTS = 2048;
/** Roles told in full; the others are counted. */
const MOST_ROLES = 16;
/** Roles from this weight on are ablated, so that resamples in which a role just passes 10 % have its figures. */
const ABLATED = 0.08;
const EXAMPLES = 6;
const LABELS = 4;

/** Roles of one head before anything is ablated. */
export interface HeadGroups {
  run: HeadRun;
  /** Latents that were grouped, and what joins them. */
  grouped: readonly number[];
  merges: readonly Merge[];
  writes: readonly (Distribution | undefined)[];
  grouping: Grouping;
  /** The first so many roles are ablated. */
  measured: number;
  strongest: Map<number, number>[];
  power: ReturnType<typeof rolePowers>;
}

/** Latents that fired; where they are too many to group, those with most power. */
export function firedLatents(run: HeadRun): number[] {
  const fired = Array.from(run.profiles.keys()).filter((latent) => run.profiles[latent]!.firings > 0);
  if (fired.length <= MOST_LATENTS) return fired;
  const powers = latentPowers(run);
  return fired.sort((a, b) => powers[b]! - powers[a]!).slice(0, MOST_LATENTS);
}

/**
 * Groups a head's latents into roles.
 * @param writes of each latent in `grouped`
 * @param pause called now and then; may throw to stop
 */
export async function groupLatents(
  run: HeadRun,
  grouped: readonly number[],
  writes: ReadonlyMap<number, Distribution>,
  pause: () => Promise<void>,
  threshold = THRESHOLD,
): Promise<HeadGroups> {
  const own = (latent: number): Distribution => writes.get(latent) ?? normalized([]);
  const similarities = await allSimilarities(
    grouped.map((latent) => describeLatent(run.profiles[latent]!, own(latent))),
    pause,
  );
  const merges = averageLinkage(similarities, grouped.length);
  const grouping = byPower(run, groupingAt(run, grouped, merges, threshold));
  const power = rolePowers(run, grouping);
  const explained = power.total.reduce((sum, role) => sum + role, 0);
  const measured = power.total.filter((role) => role >= ABLATED * explained).length;
  return {
    run,
    grouped,
    merges,
    writes: run.profiles.map((_, latent) => writes.get(latent)),
    grouping,
    measured,
    strongest: strongestRoles(run, grouping),
    power,
  };
}

function groupingAt(
  run: HeadRun,
  grouped: readonly number[],
  merges: readonly Merge[],
  threshold: number,
): Grouping {
  const clusters = cut(merges, grouped.length, threshold);
  const of = new Int32Array(run.profiles.length).fill(-1);
  grouped.forEach((latent, i) => (of[latent] = clusters[i]!));
  return { of, count: clusters.reduce((most, cluster) => Math.max(most, cluster + 1), 0) };
}

export const latentsOf = ({ grouping }: Pick<HeadGroups, 'grouping'>, role: number): Set<number> =>
  new Set(Array.from(grouping.of.keys()).filter((latent) => grouping.of[latent] === role));

/** Sums of what ablations did, to be filled text by text with `addRises`. */
export function emptySums({ run, grouping, measured, power }: HeadGroups): RoleSums {
  const texts = run.outputPower.length;
  return {
    texts,
    roles: grouping.count,
    measured,
    power: power.perText,
    tokens: new Float64Array(texts * measured),
    rise: new Float64Array(texts * measured * measured),
  };
}

/**
 * @param clean   [T − 1] loss of each row's next token, nats
 * @param without of each measured role: the same with it ablated; undefined where it does not fire in this text
 */
export function addRises(
  sums: RoleSums,
  strongest: ReadonlyMap<number, number>,
  text: number,
  clean: Float32Array,
  without: readonly (Float32Array | undefined)[],
): void {
  const { measured } = sums;
  for (const [row, role] of strongest) {
    if (role >= measured || row >= clean.length) continue;
    sums.tokens[text * measured + role]! += 1;
    without.forEach((losses, other) => {
      if (losses) sums.rise[(text * measured + role) * measured + other]! += losses[row]! - clean[row]!;
    });
  }
}

/** What `describeHead` works with besides the groups. */
export interface Corpus {
  texts: readonly RoleText[];
  names: RoleNames;
}

/** A head's record, without its layer, before anything is ablated. */
export function describeHead(
  groups: HeadGroups,
  { head, owned }: { head: number; owned: Ownership },
  { texts, names }: Corpus,
) {
  const { run, grouped, merges, grouping, power } = groups;
  const outputPower = sum(run.outputPower);
  const explained = sum(power.total);
  const shown = Math.min(MOST_ROLES, grouping.count);
  const unexplained = sum(run.residualPower) / outputPower;
  const counts = labelCounts(texts);
  const powers = latentPowers(run);
  const tokens = new Uint32Array(grouping.count);
  for (const rows of groups.strongest) for (const role of rows.values()) tokens[role]! += 1;
  const roles = Array.from({ length: shown }, (_, role) => {
    const latents = latentsOf(groups, role);
    const listed = [...latents].map((latent) => ({
      index: run.weights.features[latent]!,
      share: run.weights.shares[latent]!,
      weight: powers[latent]! / explained,
    }));
    return {
      ...describeRole(run, [...latents], groups.writes, names),
      labels: scoreLabels(run, latents, texts, counts, LABELS).map(({ label, ...score }) => {
        const [name = '', value = ''] = names.labels.list[label]!.split(' = ');
        return { label: name, value, ...score };
      }),
      latents: listed.sort((a, b) => b.weight - a.weight),
      weight: power.total[role]! / explained,
      power: power.total[role]! / outputPower,
      examples: examplesOf(run, latents, texts, names),
      riseWithout: Array.from({ length: shown }, () => NaN),
      ownEffect: NaN,
      tokens: tokens[role]!,
    };
  });
  return {
    head,
    owned,
    latents: run.profiles.length,
    silent: run.profiles.filter(({ firings }) => firings === 0).length,
    roles,
    others: { roles: grouping.count - shown, weight: sum(power.total.subarray(shown)) / explained },
    unexplained,
    overlap: 1 - unexplained - explained / outputPower,
    effectiveRoles: effectiveNumber([...power.total]),
    sensitivity: THRESHOLDS.map((threshold) => ({
      threshold,
      ...countRoles(run, groupingAt(run, grouped, merges, threshold)),
    })),
    polysemantic: 'unknown' as boolean | 'unknown',
    separate: [] as [number, number][],
    resampled: [] as boolean[],
    confidence: NaN,
  };
}

/** The same with what the ablations of the first `measured` roles showed. */
export function withAblations<Head extends ReturnType<typeof describeHead>>(
  head: Head,
  measured: number,
  { rise, lower, ...verdict }: Separateness,
): Head {
  const roles = head.roles.map((role, r) => ({
    ...role,
    riseWithout: role.riseWithout.map((unknown, q) =>
      r < measured && q < measured ? rise[r * measured + q]! : unknown,
    ),
    ownEffect: lower[r] ?? NaN,
  }));
  return { ...head, ...verdict, roles };
}

const sum = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((total, value) => total + value, 0);

const BEFORE = 16;
const AFTER = 4;

/** The strongest firings, by what they bring to z, each from another text. */
function examplesOf(
  run: HeadRun,
  latents: ReadonlySet<number>,
  texts: readonly RoleText[],
  names: RoleNames,
) {
  const lengths = new Map([...latents].map((latent) => [latent, decoderLength(run, latent)]));
  const best = new Map<number, { at: number; size: number }>();
  run.latent.forEach((latent, at) => {
    const length = lengths.get(latent);
    if (length === undefined) return;
    const size = run.value[at]! * length;
    const text = run.text[at]!;
    if (size > (best.get(text)?.size ?? 0)) best.set(text, { at, size });
  });
  const chosen = [...best.values()].sort((a, b) => b.size - a.size || a.at - b.at).slice(0, EXAMPLES);
  return chosen.map(({ at }) => {
    const [item, row, source] = [run.text[at]!, run.row[at]!, run.source[at]!];
    const { ids } = texts[item]!;
    const rows: [number, number] = [Math.max(0, row - BEFORE), Math.min(ids.length, row + AFTER + 1)];
    return {
      item,
      row,
      latent: run.weights.features[run.latent[at]!]!,
      value: run.value[at]!,
      source,
      sourceToken: names.token(ids[source]!),
      tokens: Array.from(ids.subarray(...rows), names.token),
      rows,
    };
  });
}
