import {
  agreementNouns,
  animals,
  characters,
  colours,
  happy,
  names,
  objects,
  places,
  sad,
  sizes,
} from '../lexicon.ts';
import { matching, type Recogniser, wordsOf } from './recogniser.ts';

const list = (words: string): string[] => words.split(' ');
const named = (gender: string): string[] =>
  characters.filter((each) => each.gender === gender).map(({ name }) => name);
const EVENTS = list(
  'war treaty voyage reign strike project siege famine campaign contract festival journey trial drought',
);
const ANY_NAME = `\\b(?:${names.join('|')})\\b`;
/** Words of which one is as good as another where they stand, so that a preference for one shows. */
const SINGLE = [...names, ...places, ...animals, ...colours];
const CENTURIES = Array.from({ length: 8 }, (_, i) => 11 + i);

/** Single words. */
export const wordKinds: readonly Recogniser[] = [
  wordsOf(['name', 'Name', 'A first name.'], names),
  wordsOf(['female-name', 'Woman’s name', 'A woman’s first name.'], named('female')),
  wordsOf(['male-name', 'Man’s name', 'A man’s first name.'], named('male')),
  wordsOf(['she', 'She, her', 'A pronoun for a woman.'], list('she her')),
  wordsOf(['he', 'He, him, his', 'A pronoun for a man.'], list('he him his')),
  wordsOf(['place', 'Place', 'A word for a place, e.g. park.'], places),
  wordsOf(['object', 'Thing', 'A word for a thing, e.g. ball.'], objects),
  wordsOf(['animal', 'Animal', 'A word for an animal, e.g. dog.'], animals),
  wordsOf(['colour', 'Colour', 'A colour.'], colours),
  wordsOf(['size', 'Size', 'A word such as big, little or old.'], sizes),
  wordsOf(['happy', 'Gladness', 'A word such as happy, proud or calm.'], happy),
  wordsOf(['sad', 'Sorrow', 'A word such as sad, angry or lonely.'], sad),
  wordsOf(['event', 'Event', 'A word for an event of history, e.g. war.'], EVENTS),
  matching(['century', 'Century', 'The first two digits of a year.'], /\b(1[1-8])(?:\d\d\b|$)/g),
  matching(['year', 'Year', 'The last two digits of a year.'], /\b1[1-8](\d\d)\b/g),
  ...CENTURIES.map((century) =>
    matching(
      [`century-${century}`, `The ${century}00s`, `In a year from ${century}00 to ${century}99.`],
      new RegExp(`\\b${century}(?:\\d\\d\\b|$)`, 'g'),
    ),
  ),
  wordsOf(
    ['plural-noun', 'Plural noun', 'A plural such as keys.'],
    agreementNouns.map(([, plural]) => plural),
  ),
  wordsOf(
    ['plural-verb', 'Plural verb', 'A verb such as are, have or seem.'],
    list('are were have look seem stay like see know want paint'),
  ),
  wordsOf(
    ['singular-verb', 'Singular verb', 'A verb such as is, has or seems.'],
    list('is was has looks seems stays likes sees knows wants paints'),
  ),
  matching(
    ['preposition', 'Where it is', 'Words such as near the, behind the or next to the.'],
    /\b(?:near|behind|beside|next to|with|from|above) the\b/g,
  ),
  wordsOf(
    ['says', 'Says', 'A verb of saying, e.g. whispered.'],
    list('said asked shouted whispered answered cried'),
  ),
  matching(
    ['receiver', 'Receiver', 'The name of one who is given something, at the end.'],
    new RegExp(`\\b(?:to|for) (${ANY_NAME})(?=\\.|$)`, 'g'),
  ),
  matching(
    ['state', 'How it is', 'What something is, looks or seems, at the end of a sentence.'],
    /\b(?:is|are|was|were|looks?|seems?|stays?) ([a-z]+)(?=\.|$)/g,
  ),
  ...SINGLE.map((word) => wordsOf([`word-${word}`, `“${word}”`, `The word ${word}.`], [word])),
];
