import { animals, characters, colours, objects, places, pronouns } from '../lexicon.ts';
import type { Rng } from '../rng.ts';
import { Writer } from '../writer.ts';
import type { Register } from './register.ts';

const PAIRS = { '(': ')', '[': ']', '{': '}' } as const;
type Opening = keyof typeof PAIRS;
const CLOSINGS = Object.values(PAIRS);
const SAID = 'said asked shouted whispered answered cried'.split(' ');

function speech(rng: Rng): string {
  return rng.pick([
    () => `I saw a ${rng.pick(colours)} ${rng.pick(animals)} in the ${rng.pick(places)}`,
    () => `Where is my ${rng.pick(objects)}`,
    () => `We will go to the ${rng.pick(places)} tomorrow`,
    () => `Please give me the ${rng.pick(objects)}`,
    () => `The ${rng.pick(animals)} took my ${rng.pick(objects)}`,
    () => `Look at the ${rng.pick(colours)} ${rng.pick(objects)}`,
    () => `I do not like the ${rng.pick(animals)}`,
  ])();
}

function spoken(rng: Rng, writer: Writer): void {
  const speaker = rng.pick(characters);
  const lead = writer.at === 0 ? '' : ' ';
  writer.with({ speaker: speaker.name, quoteDepth: 1 });
  writer.add(`${lead}"`, { slot: 'quote-open' });
  if (rng.chance(0.25)) {
    const other = rng.pick(characters).name;
    writer.words(`${other} told me`, { slot: 'speech' });
    writer.with({ quoteDepth: 2 }).add(" '", { slot: 'quote-open' });
    writer.words(speech(rng), { slot: 'speech' });
    writer.add("'", { slot: 'quote-close' }).with({ quoteDepth: 1 });
  } else writer.words(speech(rng), { slot: 'speech' });
  writer.add(',', { slot: 'punctuation' });
  writer.task('quote', ['"'], ["'", ')']);
  writer.add('"', { slot: 'quote-close' }, 0).with({ quoteDepth: 0 });
  writer
    .add(` ${rng.pick(SAID)}`, { slot: 'verb' })
    .add(` ${speaker.name}`, { slot: 'name', name: speaker.name, gender: speaker.gender });
  if (rng.chance(0.4))
    writer.words(` to ${pronouns[speaker.gender].possessive} ${rng.pick(animals)}`, { slot: 'word' });
  writer.add('.', { slot: 'punctuation' }).with({ speaker: undefined });
}

/** Brackets around words, nested up to four deep; the innermost must close first. */
function bracketed(rng: Rng, writer: Writer): void {
  const open: Opening[] = [];
  const steps = rng.between(6, 22);
  const word = (): void =>
    void writer.add(` ${rng.pick(rng.pick([colours, animals, objects]))}`, {
      slot: 'word',
      bracketDepth: open.length,
    });
  const close = (): void => {
    const innermost = open.at(-1)!;
    const right = PAIRS[innermost];
    writer.task(
      'bracket',
      [` ${right}`],
      CLOSINGS.filter((closing) => closing !== right).map((closing) => ` ${closing}`),
    );
    writer.add(` ${right}`, { slot: 'bracket-close', closes: innermost, bracketDepth: open.length });
    open.pop();
  };
  for (let i = 0; i < steps; i++) {
    if (open.length < 4 && rng.chance(open.length === 0 ? 0.7 : 0.35)) {
      const bracket = rng.pick(['(', '[', '{'] as const);
      writer.add(writer.at === 0 ? bracket : ` ${bracket}`, {
        slot: 'bracket-open',
        bracketDepth: open.length + 1,
      });
      open.push(bracket);
      word();
    } else if (open.length > 0 && rng.chance(0.5)) close();
    else word();
  }
  while (open.length > 0) close();
  writer.add('.', { slot: 'punctuation', bracketDepth: 0 });
}

export const quotes: Register = {
  id: 'quotes',
  title: 'Quotes and brackets',
  description: 'Quoted speech, one quote inside another, and nested brackets that must close in order.',
  weight: 0.09,
  generate(rng) {
    const writer = new Writer('quotes').with({ quoteDepth: 0, bracketDepth: 0 });
    const count = rng.between(2, 5);
    for (let i = 0; i < count; i++) (rng.chance(0.6) ? spoken : bracketed)(rng, writer);
    return writer.finish();
  },
};
