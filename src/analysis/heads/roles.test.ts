import { describe, expect, it } from 'vitest';
import { toSparseCodes } from '../../dictionary/codes.ts';
import { TestRandom } from '../../testing/random.ts';
import { normalized } from './roles-divergence.ts';
import { ownedLatents } from './roles-owned.ts';
import { byPower, roleDelta, rolePowers, strongestRoles } from './roles-power.ts';
import { HeadRun, type OwnedWeights, type RoleText } from './roles-profile.ts';
import { judgeSeparateness, RESAMPLES, type RoleSums } from './roles-separate.ts';
import { BEGINNING, Names } from './roles-tokens.ts';
import { addRises, describeHead, emptySums, groupLatents, latentsOf, withAblations } from './roles.ts';

const D_HEAD = 4;
const TEXTS = 40;
const LENGTH = 12;

/**
 * A head with eight latents. Planted: latents 0–3 fire on token 5 and read the token before it, a name; latents 4–7 fire
 * on token 6 and read three back, punctuation. With one role, all of them do the first.
 */
function plant(roles: 1 | 2) {
  const random = new TestRandom(roles);
  const n = 8;
  const weights: OwnedWeights = {
    features: Uint32Array.from({ length: n }, (_, i) => 10 * i),
    shares: new Float32Array(n).fill(0.9),
    encoder: random.normal(n * D_HEAD),
    decoder: random.normal(n * D_HEAD),
    dHead: D_HEAD,
  };
  const names = {
    classes: new Names(),
    places: new Names(),
    labels: new Names(),
    token: (id: number) => ` t${id}`,
  };
  const run = new HeadRun(weights);
  const texts: RoleText[] = [];
  const roleOf = (latent: number): number => (roles === 2 && latent >= 4 ? 1 : 0);
  for (let t = 0; t < TEXTS; t++) {
    const ids = new Uint32Array(LENGTH).fill(1);
    const pattern = new Float32Array(LENGTH * LENGTH);
    const indices = new Uint32Array(LENGTH).fill(0xffffffff);
    const values = new Float32Array(LENGTH);
    const classes = Array.from({ length: LENGTH }, () => 'word');
    for (const [row, role] of [
      [4, 0],
      [8, roles - 1],
    ] as const) {
      ids[row] = 5 + role;
      const source = row - (role === 0 ? 1 : 3);
      ids[source] = 20 + role;
      classes[source] = role === 0 ? 'name' : 'punctuation';
      pattern[row * LENGTH + source] = 1;
      indices[row] = 10 * (4 * role + random.integer(roles === 2 ? 4 : 8));
      values[row] = 1 + random.next();
    }
    classes[0] = BEGINNING;
    const text: RoleText = {
      ids,
      classes: Uint32Array.from(classes, (name) => names.classes.number(name)),
      places: Uint32Array.from(ids, (id) => names.places.number(`place ${id}`)),
      labels: Array.from(ids, (id) => Uint32Array.of(names.labels.number(`token = ${id}`))),
    };
    texts.push(text);
    run.add(text, toSparseCodes(indices, values, LENGTH), {
      pattern,
      v: { data: random.normal(LENGTH * D_HEAD), stride: D_HEAD, offset: 0 },
      z: { data: random.normal(LENGTH * D_HEAD), stride: D_HEAD, offset: 0 },
    });
  }
  const grouped = Array.from(run.profiles.keys());
  const writes = new Map(grouped.map((latent) => [latent, normalized([[100 + roleOf(latent), 1]])]));
  return { run, names, texts, grouped, writes };
}

/** Groups a planted head and pretends to ablate: a role's own tokens lose 1 nat, others `leak`. */
async function judge(roles: 1 | 2, leak: number) {
  const { run, names, texts, grouped, writes } = plant(roles);
  const groups = await groupLatents(run, grouped, writes, async () => {}, 0.4);
  const sums = emptySums(groups);
  const clean = new Float32Array(LENGTH - 1).fill(2);
  groups.strongest.forEach((rows, text) => {
    const without = Array.from({ length: groups.measured }, (_, q) =>
      clean.map((loss, row) => loss + (rows.get(row) === q ? 1 : leak)),
    );
    addRises(sums, rows, text, clean, without);
  });
  const base = describeHead(groups, { head: 3, owned: 'half' }, { texts, names });
  return { groups, sums, base, head: withAblations(base, groups.measured, judgeSeparateness(sums, 1)) };
}

describe('a head with planted roles', () => {
  it('is polysemantic with two', async () => {
    const { head, base, groups } = await judge(2, 0.01);
    expect(base.polysemantic).toBe('unknown');
    expect(head.roles).toHaveLength(2);
    expect([latentsOf(groups, 0).size, latentsOf(groups, 1).size]).toEqual([4, 4]);
    expect(head.polysemantic).toBe(true);
    expect(head.separate).toEqual([[0, 1]]);
    expect(head.confidence).toBe(1);
    expect(head.effectiveRoles).toBeGreaterThan(1.5);
    expect(head.roles[0]!.riseWithout[0]).toBeCloseTo(1, 5);
    expect(head.roles[0]!.riseWithout[1]).toBeCloseTo(0.01, 5);
    const first = head.roles.find(({ reads }) => reads[0]!.what === 'name')!;
    const second = head.roles.find(({ reads }) => reads[0]!.what === 'punctuation')!;
    expect(first.title).toBe('previous token: on “ t5”, reads name, the token before, writes “ t100”');
    expect(first.families).toEqual(['previous token', 'local', 'name']);
    expect(second.families).toEqual(['local', 'punctuation']);
    expect(second.labels[0]).toMatchObject({ label: 'token', value: '6', precision: 1, recall: 1, f1: 1 });
    expect(first.examples).toHaveLength(6);
    expect(new Set(first.examples.map(({ item }) => item)).size).toBe(6);
    const [example] = first.examples;
    expect([example!.row, example!.source, example!.sourceToken]).toEqual([4, 3, ' t20']);
    expect(example!.tokens[example!.row - example!.rows[0]]).toBe(' t5');
    expect(first.examples.every(({ value }, i, all) => i === 0 || (value > 0 && all[i - 1]!.value > 0))).toBe(
      true,
    );
  });

  it('is not with one, nor with two that are needed for the same tokens', async () => {
    const one = (await judge(1, 0.01)).head;
    expect(one.roles).toHaveLength(1);
    expect(one.effectiveRoles).toBeCloseTo(1, 9);
    expect([one.polysemantic, one.separate, one.confidence]).toEqual([false, [], 0]);
    const leaking = (await judge(2, 0.2)).head;
    expect(leaking.roles).toHaveLength(2);
    expect([leaking.polysemantic, leaking.separate, leaking.confidence]).toEqual([false, [], 0]);
  });

  it('has powers, residue and overlap that add up to the output', async () => {
    const { groups, base } = await judge(2, 0);
    const { run } = groups;
    const said = base.roles.reduce((sum, { power }) => sum + power, 0);
    expect(said + base.unexplained + base.overlap).toBeCloseTo(1, 12);
    // One latent a row: ‖z‖² = ‖z − s‖² + ‖s‖² + 2 (z − s)·s, so the overlap is twice the last.
    const whole = run.outputPower.reduce((sum, x) => sum + x, 0);
    const direct = run.value.reduce((sum, value, i) => {
      const row = run.weights.decoder.subarray(run.latent[i]! * D_HEAD, (run.latent[i]! + 1) * D_HEAD);
      return sum + value ** 2 * row.reduce((total, x) => total + x * x, 0);
    }, 0);
    expect(said * whole).toBeCloseTo(direct, 6);
    expect(base.roles.reduce((sum, { weight }) => sum + weight, 0) + base.others.weight).toBeCloseTo(1, 12);
  });
});

describe('powers', () => {
  it('of roles on one row are of their sums; ablating all roles is subtracting all of them', () => {
    const weights: OwnedWeights = {
      features: Uint32Array.of(0, 1, 2),
      shares: Float32Array.of(1, 1, 1),
      encoder: new Float32Array(6),
      decoder: Float32Array.of(1, 0, 1, 0, 0, 3),
      dHead: 2,
    };
    const run = new HeadRun(weights);
    const text: RoleText = {
      ids: Uint32Array.of(1, 2),
      classes: new Uint32Array(2),
      places: new Uint32Array(2),
      labels: [new Uint32Array(), new Uint32Array()],
    };
    const codes = toSparseCodes(Uint32Array.of(0, 1, 2, 0, 1, 2), Float32Array.of(9, 9, 9, 1, 2, 1), 2);
    const nothing = { data: new Float32Array(4), stride: 2, offset: 0 };
    run.add(text, codes, {
      pattern: new Float32Array(4),
      v: nothing,
      z: { ...nothing, data: Float32Array.of(5, 5, 4, 3) },
    });
    const grouping = { of: Int32Array.of(0, 0, 1), count: 2 };
    // Row 0 is not judged.
    expect(run.outputPower).toEqual([25]);
    expect(run.residualPower).toEqual([1]);
    expect([...rolePowers(run, grouping).total]).toEqual([9, 9]);
    expect([...strongestRoles(run, grouping)[0]!]).toEqual([[1, 0]]);
    expect([...byPower(run, { of: Int32Array.of(0, 1, 1), count: 2 }).of]).toEqual([1, 0, 0]);
    const columns = { width: 4, from: 2 };
    const delta = (latents: number[]) => roleDelta(run, new Set(latents), { number: 0, length: 2 }, columns);
    expect([...delta([0, 1, 2])!]).toEqual([0, 0, 0, 0, 0, 0, -3, -3]);
    expect([...delta([2])!]).toEqual([0, 0, 0, 0, 0, 0, 0, -3]);
    expect(delta([])).toBeUndefined();
  });
});

it('what follows an earlier occurrence is induction from the second row on, the token itself not', () => {
  const unit = { features: Uint32Array.of(0), shares: Float32Array.of(1), dHead: 1 };
  const run = new HeadRun({ ...unit, encoder: Float32Array.of(1), decoder: Float32Array.of(1) });
  const ids = Uint32Array.of(7, 3, 7, 7);
  const labels = Array.from(ids, () => new Uint32Array());
  const text: RoleText = { ids, classes: new Uint32Array(4), places: new Uint32Array(4), labels };
  const ones = { data: new Float32Array(4).fill(1), stride: 1, offset: 0 };
  // Fires on the last row only, where all four are read alike.
  const codes = toSparseCodes(Uint32Array.of(1, 1, 1, 0), Float32Array.of(1, 1, 1, 1), 4);
  run.add(text, codes, { pattern: new Float32Array(16).fill(0.25), v: ones, z: ones });
  // Row 1 follows the 7 of row 0; row 3, which follows that of row 2, is the one that looks.
  expect(run.profiles[0]!.mass).toMatchObject({ all: 1, induction: 0.25, duplicate: 0.25 });
});

describe('separateness', () => {
  /** Two roles in `texts` texts of one token each. @param rise of role r without q */
  const sums = (texts: number, rise: readonly (readonly number[])[], power: readonly number[]): RoleSums => ({
    texts,
    roles: power.length,
    measured: 2,
    power: Float64Array.from({ length: texts * power.length }, (_, i) => power[i % power.length]!),
    tokens: new Float64Array(texts * 2).fill(1),
    rise: Float64Array.from({ length: texts * 4 }, (_, i) => rise.flat()[i % 4]!),
  });

  it('is symmetric, and needs both own effects to stand above what the other does', () => {
    const apart = (rise: readonly (readonly number[])[]) => judgeSeparateness(sums(20, rise, [1, 1]), 1).polysemantic;
    for (const [rise, expected] of [
      [[[1, 0.05], [0.05, 1]], true],
      [[[1, 0.2], [0.05, 1]], false],
      [[[1, 0.05], [0.2, 1]], false],
      [[[1, -0.2], [0.05, 1]], false],
      [[[-1, 0], [0, 1]], false],
      [[[0, 0], [0, 0]], false],
    ] as const) {
      expect(apart(rise)).toBe(expected);
      expect(apart([[rise[1][1], rise[1][0]], [rise[0][1], rise[0][0]]])).toBe(expected);
    }
  }); // oxfmt-ignore

  it('makes no head polysemantic where a role is below a tenth of explained power', () => {
    const rise = [[1, 0], [0, 1]]; // oxfmt-ignore
    const judged = judgeSeparateness(sums(20, rise, [8.5, 0.9, 0.6]), 1);
    expect([judged.polysemantic, judged.separate.length]).toEqual([false, 1]);
    expect(judgeSeparateness(sums(20, rise, [8, 1.4, 0.6]), 1).polysemantic).toBe(true);
  });

  it('takes an effect that comes from one text of many for noise', () => {
    const noisy = sums(20, [[0, 0], [0, 1]], [1, 1]); // oxfmt-ignore
    noisy.rise[0] = 30;
    const judged = judgeSeparateness(noisy, 1);
    expect(judged.rise[0]).toBeCloseTo(1.5, 9);
    expect(judged.lower[0]).toBe(0);
    expect(judged.polysemantic).toBe(false);
    expect(judged.resampled).toHaveLength(RESAMPLES);
    expect(judgeSeparateness(noisy, 1).resampled).toEqual(judged.resampled);
  });
});

describe('owned latents', () => {
  it('are those with more than half of their weight on the head, or ten', () => {
    const shares = Float32Array.from({ length: 60 }, (_, i) =>
      i % 2 === 0 ? (i / 2 < 12 ? 0.8 : 0.3) : 0.2,
    );
    expect(ownedLatents(shares, 2, 0)).toEqual({
      owned: 'half',
      features: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    });
    shares[1] = 0.9;
    const second = ownedLatents(shares, 2, 1);
    expect([second.owned, second.features.length, second.features[0]]).toEqual(['top10', 10, 0]);
  });
});
