import { type Distribution, normalized } from './roles-divergence.ts';
import type { HeadRun } from './roles-profile.ts';
import { DISTANCES, type Names, successorOf } from './roles-tokens.ts';

/** What the numbers in profiles stand for. */
export interface RoleNames {
  classes: Names;
  places: Names;
  labels: Names;
  /** Text of a token id. */
  token: (id: number) => string;
}

export interface RoleWords {
  title: string;
  families: string[];
  reads: { what: string; share: number }[];
  distances: { what: string; share: number }[];
  fires: { what: string; share: number }[];
  firesOn: { what: string; share: number }[];
  writes: { token: string; share: number }[];
}

/** A family is named when more than this share of what it is about is there. */
const MOST = 0.5;
/** Tokens a latent writes that count as what it copies. */
const COPIED = 10;
const LISTED = 8;

type Masses = Map<number, number>;

function addAll(to: Masses, from: Iterable<readonly [number, number]>, factor: number): void {
  for (const [key, mass] of from) to.set(key, (to.get(key) ?? 0) + factor * mass);
}

/** Largest first. */
function largest({ keys, shares }: Distribution): [key: number, share: number][] {
  return Array.from(keys, (key, i) => [key, shares[i]!] as [number, number]).sort(
    ([a, x], [b, y]) => y - x || a - b,
  );
}

/**
 * What a role is, from what its latents read, where they fire and what they write, each latent counted by the length of
 * its decoder row on the head.
 * @param writes of each latent of the head; see `writtenTokens`
 */
export function describeRole(
  run: HeadRun,
  latents: readonly number[],
  writes: readonly (Distribution | undefined)[],
  names: RoleNames,
): RoleWords {
  const [classes, places, tokens, written] = [new Map(), new Map(), new Map(), new Map()] as [
    Masses,
    Masses,
    Masses,
    Masses,
  ];
  const distances = new Float64Array(DISTANCES.length);
  const mass = { all: 0, local: 0, far: 0, induction: 0, duplicate: 0, copied: 0, next: 0, sources: 0 };
  for (const latent of latents) {
    const profile = run.profiles[latent]!;
    const length = decoderLength(run, latent);
    addAll(classes, profile.classes, length);
    addAll(places, profile.places, length);
    addAll(tokens, profile.tokens, length);
    profile.distances.forEach((sum, bin) => (distances[bin]! += length * sum));
    for (const each of ['all', 'local', 'far', 'induction', 'duplicate'] as const)
      mass[each] += length * profile.mass[each];
    const own = writes[latent];
    if (!own) continue;
    addAll(written, largest(own), length * profile.activation);
    const best = new Set(
      largest(own)
        .slice(0, COPIED)
        .map(([id]) => names.token(id).trim().toLowerCase()),
    );
    for (const [id, sum] of profile.sources) {
      const text = names.token(id);
      mass.sources += length * sum;
      if (best.has(text.trim().toLowerCase())) mass.copied += length * sum;
      if (best.has(successorOf(text) ?? '')) mass.next += length * sum;
    }
  }
  const shares = (masses: Masses, name: (key: number) => string) =>
    largest(normalized(masses)).map(([key, share]) => ({ what: name(key), share }));
  const reads = shares(classes, (key) => names.classes.list[key]!);
  const fires = shares(places, (key) => names.places.list[key]!);
  const far = shares(new Map(distances.entries()), (bin) => DISTANCES[bin]!);
  const firesOn = shares(tokens, names.token).slice(0, LISTED);
  const writesTokens = shares(written, names.token).slice(0, LISTED);
  const families = familiesOf(mass, { reads, fires, far });
  return {
    title: titleOf(families, { reads, fires, firesOn, far, writes: writesTokens }),
    families,
    reads: reads.slice(0, LISTED),
    distances: far.slice(0, LISTED),
    fires: fires.slice(0, LISTED),
    firesOn,
    writes: writesTokens.map(({ what, share }) => ({ token: what, share })),
  };
}

type Shares = readonly { what: string; share: number }[];

const shareOf = (shares: Shares, test: (what: string) => boolean): number =>
  shares.reduce((sum, { what, share }) => sum + (test(what) ? share : 0), 0);

/** Kinds of tokens that make a family by being read, or fired on. */
const KINDS: Record<string, RegExp> = {
  name: /\bname\b/,
  pronoun: /\bpronoun\b/,
  number: /\b(number|year|century)\b/,
  punctuation: /\bpunctuation\b/,
  bracket: /\bbracket/,
  quote: /\bquote/,
  newline: /\bnewline\b/,
};

/**
 * Families of the literature, each by what more than half of the |DFA| is: rows after an earlier occurrence of the token
 * fired on (induction) or those occurrences (duplicate token), the row before, the same row, the first row, rows within 8
 * tokens (local), beyond 64 (long-range). Copying and succession: more than half of the source tokens, by |DFA|, are among
 * the ten that the latent writes most, or their successor is; a name mover copies names. Kinds of tokens: more than half of
 * what is read or fired on.
 */
function familiesOf(
  mass: Record<'all' | 'local' | 'far' | 'induction' | 'duplicate' | 'copied' | 'next' | 'sources', number>,
  { reads, fires, far }: { reads: Shares; fires: Shares; far: Shares },
): string[] {
  const at = (bin: string): boolean => shareOf(far, (what) => what === bin) > MOST;
  const kinds = Object.entries(KINDS)
    .filter(([, kind]) => [reads, fires].some((shares) => shareOf(shares, (what) => kind.test(what)) > MOST))
    .map(([name]) => name);
  const copies = mass.copied > MOST * mass.sources;
  const readsNames = shareOf(reads, (what) => KINDS.name!.test(what)) > MOST;
  const found: [string, boolean][] = [
    ['name mover', copies && readsNames],
    ['induction', mass.induction > MOST * mass.all],
    ['duplicate token', mass.duplicate > MOST * mass.all],
    ['succession', mass.next > MOST * mass.sources],
    ['copying', copies],
    ['previous token', at('1')],
    ['current token', at('0')],
    ['first token', at(DISTANCES.at(-1)!)],
    ['local', mass.local > MOST * mass.all],
    ['long-range', mass.far > MOST * mass.all],
  ];
  return [...found.filter(([, is]) => is).map(([name]) => name), ...kinds];
}

/** Named only when it is at least this share; else the title says that there are many. */
const TELLING = 0.25;

function titleOf(
  families: readonly string[],
  { reads, fires, firesOn, far, writes }: Record<'reads' | 'fires' | 'firesOn' | 'far' | 'writes', Shares>,
): string {
  const named = (shares: Shares): string | undefined =>
    shares[0] && shares[0].share >= TELLING ? shares[0].what : undefined;
  const quoted = (shares: Shares, count: number): string =>
    shares
      .slice(0, count)
      .map(({ what }) => `“${what.replaceAll('\n', '⏎')}”`)
      .join(', ');
  const token = named(firesOn);
  const place = token === undefined ? (named(fires) ?? 'many places') : quoted(firesOn, 1);
  const read = named(reads) ?? 'many kinds of tokens';
  const distance = named(far);
  const where = distance === undefined || read === distance ? '' : `, ${distanceInWords(distance)}`;
  const family = families.find((each) => !(each in KINDS));
  const head = family ? `${family}: ` : '';
  return `${head}on ${place}, reads ${read}${where}${writes.length > 0 ? `, writes ${quoted(writes, 3)}` : ''}`;
}

function distanceInWords(bin: string): string {
  if (bin === '0') return 'the token itself';
  if (bin === '1') return 'the token before';
  return bin === DISTANCES.at(-1) ? bin : `${bin} tokens back`;
}

/** ‖W_dec[i, h]‖ */
export function decoderLength({ weights: { decoder, dHead } }: HeadRun, latent: number): number {
  return Math.hypot(...decoder.subarray(latent * dHead, (latent + 1) * dHead));
}
