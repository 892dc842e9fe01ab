import type { ModelTokenizer } from '../../../model/tokenizer.ts';
import { ovEntries } from '../copying.ts';
import type { WeightScore } from './score.ts';

const words = (text: string): string[] => text.split(' ');
const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => String(from + i));

/** Ordered lists; what follows the last of a cyclic one is its first. */
export const SERIES: readonly { items: string[]; cyclic: boolean }[] = [
  { items: words('Monday Tuesday Wednesday Thursday Friday Saturday Sunday'), cyclic: true },
  {
    items: words('January February March April May June July August September October November December'),
    cyclic: true,
  },
  { items: words('one two three four five six seven eight nine ten eleven twelve'), cyclic: false },
  { items: words('first second third fourth fifth sixth seventh eighth ninth tenth'), cyclic: false },
  { items: numbers(0, 20), cyclic: false },
  { items: words('A B C D E F G H I J K L M N O P Q R S T U V W X Y Z'), cyclic: false },
];

/** The id of a word that is one token, with a space before it or, if it is none then, without. */
function singleToken(tokenizer: ModelTokenizer, word: string): number | undefined {
  for (const text of [` ${word}`, word]) {
    const { tokens } = tokenizer.tokenize(text);
    if (tokens.length === 1) return tokens[0]!.id;
  }
}

/** Of each series, the items that are single tokens with those that follow them: `next[i]` of the same list, or −1. */
export function successorLists(tokenizer: ModelTokenizer): { ids: number[]; next: number[] }[] {
  return SERIES.map(({ items, cyclic }) => {
    const all = items.map((word) => singleToken(tokenizer, word));
    const kept = all.flatMap((id, i) => (id === undefined ? [] : [i]));
    const next = kept.map((i) => kept.indexOf(cyclic ? (i + 1) % items.length : i + 1));
    return { ids: kept.map((i) => all[i]!), next };
  }).filter(({ next }) => next.some((i) => i >= 0));
}

export const succession: WeightScore = {
  kind: 'weights',
  info: {
    id: 'succession',
    title: 'Succession',
    definition:
      'Days, months, numbers, ordinals and letters that are single tokens: share of pairs (a, b after a) where the OV circuit, attending to a, raises b more than any other item of its series, a itself included. By chance one over the length of the series.',
    unit: 'share of pairs',
    range: [0, 1],
    signed: false,
  },
  async compute(reader, head) {
    const lists = successorLists(reader.tokenizer);
    if (lists.length === 0)
      return { value: NaN, note: 'This tokenizer has no two items of a series as single tokens.' };
    const ids = lists.flatMap((list) => list.ids);
    const entries = await ovEntries(reader, head, Uint32Array.from(ids));
    let [right, pairs, start] = [0, 0, 0];
    for (const { ids: own, next } of lists) {
      next.forEach((after, i) => {
        if (after < 0) return;
        const row = own.map((_, j) => entries[(start + i) * ids.length + start + j]!);
        pairs += 1;
        if (row.every((value, j) => j === after || value < row[after]!)) right += 1;
      });
      start += own.length;
    }
    return { value: right / pairs };
  },
};
