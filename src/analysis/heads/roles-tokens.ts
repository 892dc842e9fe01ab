import type { Labels } from '../../storyworld/index.ts';
import { isReference } from '../../storyworld/token-labels.ts';

/** Gives each string a number, in order of appearance. */
export class Names {
  readonly list: string[] = [];
  readonly #numbers = new Map<string, number>();

  number(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    this.#numbers.set(name, this.list.length);
    return this.list.push(name) - 1;
  }
}

const FUNCTION_WORDS = new Set(
  (
    'a an the and or but nor so yet if when while after before as than that this these those who which what of in on ' +
    'at to from by with for near about into over under between he she it they him her them his hers its their i you we ' +
    'me us my your our is are was were be been being am do does did has have had not no then there here'
  ).split(' '),
);

/** What a token looks like, whatever the text it stands in. */
export function tokenKind(text: string): string {
  if (text.includes('\n')) return 'newline';
  const bare = text.trim();
  if (bare === '') return 'white space';
  if (/^\d+$/.test(bare)) return 'number';
  if (/^["“”'‘’`]+$/.test(bare)) return 'quote';
  if (/^[()[\]{}<>]+$/.test(bare)) return 'bracket';
  if (!/[\p{L}\p{N}]/u.test(bare)) return 'punctuation';
  if (FUNCTION_WORDS.has(bare.toLowerCase())) return 'function word';
  if (/^\p{Lu}/u.test(bare)) return 'capitalised word';
  return text === bare ? 'piece of a word' : 'word';
}

/** The first row, and special tokens before a text. */
export const BEGINNING = 'beginning of the text';

/**
 * The one class of a token: the slot of the Storyworld template it fills, with its role where it has one; tokens that
 * are plain words of the template, or have no labels, by what they look like.
 */
export function tokenClass(text: string, labels: Labels): string {
  const { slot, role } = labels;
  const kind = slot === undefined || slot === 'word' ? tokenKind(text) : String(slot);
  return role === undefined ? kind : `${kind} ${String(role)}`;
}

/** Labels whose values are numbers in a text rather than kinds of it. */
const LEFT_OUT = new Set(['index', 'startYear', 'endYear', 'century']);

/**
 * Labels of a token that a latent's firing is held against, as `name = value`. Depths of 0 say nothing; of those that name
 * a place of the text, only whether they are there is told.
 */
export function labelValues(labels: Labels): string[] {
  return Object.entries(labels)
    .filter(([name, value]) => !LEFT_OUT.has(name) && value !== 0)
    .map(([name, value]) => (isReference(name) ? `${name} = yes` : `${name} = ${value}`));
}

const UPPER = [0, 1, 2, 4, 8, 16, 32, 64, 128];
/** Distances t − s in tokens, in bins that double. The first row is a bin of its own. */
export const DISTANCES: readonly string[] = [
  ...UPPER.map((upper, i) => {
    const lower = i === 0 ? 0 : UPPER[i - 1]! + 1;
    return lower === upper ? `${upper}` : `${lower}–${upper}`;
  }),
  `${UPPER.at(-1)! + 1} and more`,
  BEGINNING,
];

/** Bin of `DISTANCES`. @param source 0: the first row, whatever the distance, unless it is the row itself */
export function distanceBin(row: number, source: number): number {
  if (source === 0 && row > 0) return UPPER.length + 1;
  const distance = row - source;
  const bin = UPPER.findIndex((upper) => distance <= upper);
  return bin < 0 ? UPPER.length : bin;
}

const CYCLES = [
  'monday tuesday wednesday thursday friday saturday sunday',
  'january february march april may june july august september october november december',
  'one two three four five six seven eight nine ten eleven twelve',
  'first second third fourth fifth sixth seventh eighth ninth tenth',
].map((list) => list.split(' '));

/** What comes after a number, weekday, month or ordinal, in lower case without spaces; undefined for other tokens. */
export function successorOf(text: string): string | undefined {
  const bare = text.trim().toLowerCase();
  if (/^\d{1,4}$/.test(bare)) return String(Number(bare) + 1).padStart(bare.length, '0');
  const cycle = CYCLES.find((list) => list.includes(bare));
  return cycle && cycle[(cycle.indexOf(bare) + 1) % cycle.length];
}
