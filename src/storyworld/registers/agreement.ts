import { agreementNouns, colours } from '../lexicon.ts';
import type { Rng } from '../rng.ts';
import type { LabelValue } from '../types.ts';
import { Writer } from '../writer.ts';
import type { Register } from './register.ts';

const PREPOSITIONS = ['near', 'behind', 'beside', 'next to', 'with', 'from', 'above'];
const ADJECTIVES = [
  ...colours,
  'rusty',
  'tall',
  'quiet',
  'ready',
  'late',
  'famous',
  'broken',
  'tired',
  'clean',
  'heavy',
];
const VERBS: readonly (readonly [string, string])[] = [
  ['is', 'are'],
  ['was', 'were'],
  ['has', 'have'],
  ['looks', 'look'],
  ['seems', 'seem'],
  ['stays', 'stay'],
];
const INNER: readonly (readonly [string, string])[] = [
  ['likes', 'like'],
  ['sees', 'see'],
  ['knows', 'know'],
  ['wants', 'want'],
  ['paints', 'paint'],
];

type GrammaticalNumber = 'singular' | 'plural';

function noun(rng: Rng): { word: string; number: GrammaticalNumber } {
  const number: GrammaticalNumber = rng.chance(0.5) ? 'singular' : 'plural';
  const pair = rng.pick(agreementNouns);
  return { word: number === 'singular' ? pair[0] : pair[1], number };
}

const form = (pair: readonly [string, string], number: GrammaticalNumber): string =>
  pair[number === 'singular' ? 0 : 1];

function sentence(rng: Rng, writer: Writer): void {
  const subject = noun(rng);
  const labels: Record<string, LabelValue | undefined> = {
    subjectNumber: subject.number,
    distractorNumber: undefined,
    distance: 0,
  };
  writer.with(labels);
  writer.add(writer.at === 0 ? 'The' : ' The', { slot: 'determiner' });
  writer.add(` ${subject.word}`, { slot: 'noun', role: 'subject', number: subject.number });
  const distractors = rng.pick([0, 1, 1, 1, 2, 2]);
  for (let i = 0; i < distractors; i++) {
    const distractor = noun(rng);
    writer.with({ distractorNumber: distractor.number, distance: i + 1 });
    if (i === 0 && rng.chance(0.35)) {
      const pair = rng.pick(INNER);
      writer.words(' that the', { slot: 'word' });
      writer.add(` ${distractor.word}`, { slot: 'noun', role: 'distractor', number: distractor.number });
      const [right, wrong] = distractor.number === 'singular' ? pair : [pair[1], pair[0]];
      writer.task('agreement', [` ${right}`], [` ${wrong}`]);
      writer.add(` ${right}`, { slot: 'verb', role: 'inner', number: distractor.number });
    } else {
      writer.words(` ${rng.pick(PREPOSITIONS)} the`, { slot: 'preposition' });
      writer.add(` ${distractor.word}`, { slot: 'noun', role: 'distractor', number: distractor.number });
    }
  }
  const verb = rng.pick(VERBS);
  const right = form(verb, subject.number);
  const wrong = form(verb, subject.number === 'singular' ? 'plural' : 'singular');
  writer.task('agreement', [` ${right}`], [` ${wrong}`]);
  writer.add(` ${right}`, { slot: 'verb', role: 'main', number: subject.number });
  if (verb[0] === 'has') writer.words(` a ${rng.pick(ADJECTIVES)} roof`, { slot: 'word' });
  else writer.add(` ${rng.pick(ADJECTIVES)}`, { slot: 'adjective' });
  writer.add('.', { slot: 'punctuation' });
}

/** @source Linzen et al. 2016, arXiv:1611.01368 (attractors); Marvin & Linzen 2018 (relative clauses) */
export const agreement: Register = {
  id: 'agreement',
  title: 'Agreement across distractors',
  description: 'The verb agrees with a subject that other nouns stand between.',
  weight: 0.09,
  generate(rng) {
    const writer = new Writer('agreement');
    const count = rng.between(3, 8);
    for (let i = 0; i < count; i++) sentence(rng, writer);
    return writer.finish();
  },
};
