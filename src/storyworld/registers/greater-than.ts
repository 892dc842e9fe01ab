import type { Rng } from '../rng.ts';
import { Writer } from '../writer.ts';
import type { Register } from './register.ts';

const NOUNS =
  'war treaty voyage reign strike project siege famine campaign contract festival journey trial drought'.split(
    ' ',
  );

/** `N` noun, `Y` first year, the text ends in the second. @source Hanna et al. 2023, arXiv:2305.00586 */
const TEMPLATES: readonly string[] = [
  'The N lasted from the year Y to the year',
  'The N went on from the year Y to the year',
  'The N began in Y and ended in',
  'From Y the N continued until',
  'The great N started in Y and was over by',
  'A N ran from Y to',
  'The long N of Y came to an end in',
  'The N was planned in Y and finished in',
  'People spoke of the N from Y until',
  'The N, which opened in Y, closed in',
  'The second N was fought from Y to',
  'The king allowed the N from Y to',
];

const two = (value: number): string => String(value).padStart(2, '0');
const ALL = Array.from({ length: 100 }, (_, value) => two(value));

function sentence(rng: Rng, writer: Writer): void {
  const century = rng.between(11, 18);
  const start = rng.between(2, 97);
  const end = rng.between(start + 1, 99);
  writer.with({ century, startYear: start, endYear: end });
  const template = rng.pick(TEMPLATES);
  let opening = true;
  for (const [piece] of template.matchAll(/\s*(?:\w+|[^\s\w])/g)) {
    const word = piece.trim();
    const space = opening ? (writer.at === 0 ? '' : ' ') : piece.slice(0, piece.length - word.length);
    opening = false;
    if (word === 'N') writer.add(space + rng.pick(NOUNS), { slot: 'noun' });
    else if (word === 'Y') {
      writer.add(`${space}${century}`, { slot: 'century', role: 'start' }, Math.log(8));
      writer.add(two(start), { slot: 'year', role: 'start' }, Math.log(96));
    } else writer.add(space + word, { slot: /\w/.test(word) ? 'word' : 'punctuation' });
  }
  writer.add(` ${century}`, { slot: 'century', role: 'end' }, 0);
  writer.task('greater-than', ALL.slice(start + 1), ALL.slice(0, start + 1));
  writer.add(two(end), { slot: 'year', role: 'end' }, Math.log(99 - start));
  writer.add('.', { slot: 'punctuation' }, 0);
}

export const greaterThan: Register = {
  id: 'greater-than',
  title: 'Greater than',
  description: 'An event from one year to a later year of the same century.',
  weight: 0.1,
  generate(rng) {
    const writer = new Writer('greater-than');
    const count = rng.between(2, 6);
    for (let i = 0; i < count; i++) sentence(rng, writer);
    return writer.finish();
  },
};
