import { sample } from '../generate.ts';
import {
  agreementNouns,
  animals,
  characters,
  colours,
  objects,
  places,
  sequenceWords,
  sizes,
} from '../lexicon.ts';
import type { Item, RegisterId } from '../types.ts';
import type { Stretch } from './recogniser.ts';

/** What a stretch of text looks like. `brackets` and `speech` are the two kinds of sentence of the register quotes. */
export type Shape = Exclude<RegisterId, 'quotes'> | 'brackets' | 'speech';

export interface Word {
  word: string;
  start: number;
  end: number;
}

export interface Sentence {
  text: string;
  start: number;
  end: number;
  shape: Shape | undefined;
}

const EVENTS =
  /\b(?:war|treaty|voyage|reign|strike|project|siege|famine|campaign|contract|festival|journey|trial|drought)\b/;
const NAME = `(?:${characters.map(({ name }) => name).join('|')})`;
const NOUN = `(?:${agreementNouns.flat().join('|')})`;
const OBJECT = `(?:${objects.join('|')})`;
/** A line of a function: from what only such a line has to the line's end. */
const CODE = /(?:\bdef(?= \w+\()|( {4})(?=:|"""|return|$)|:param).*\n*/g;
const SENTENCE = /[^.]*(?:\.|$)/g;
const TWO_NAMES = new RegExp(`\\b${NAME} and ${NAME}\\b`);
const GIVING = new RegExp(
  `\\b${NAME} (?:decided to )?[a-z]+ (?:it|(?:a|the) ${OBJECT}(?: and gave it)?) (?:to|for)\\b`,
);
const FRIENDS = /good friends|some cake|From then on/;
const SUBJECT = new RegExp(`^\\s*The ${NOUN}\\b`);
const BRACKET = /(?:^|\s)[([{]/;
const SPEECH = /^\s*"(?!")\S/;
/** Fewer words of the sequences' list side by side are no sequence. */
const SHORTEST_RUN = 5;
/** Texts of a register from which its words are known, and the sentences of stories with their mood. */
const KNOWN_TEXTS = 250;
const KNOWN_SEED = 0;

const sequence = new Set(sequenceWords);

/** A text with what recognisers ask of it, each found once. */
export class Passage {
  readonly words: readonly Word[];
  readonly sentences: readonly Sentence[];

  constructor(readonly text: string) {
    this.words = Array.from(text.matchAll(/[A-Za-z]+/g), ({ 0: word, index }) => ({
      word,
      start: index,
      end: index + word.length,
    }));
    this.sentences = [...this.#divide()].sort((a, b) => a.start - b.start);
  }

  of(shape: Shape): Stretch[] {
    return this.sentences.filter((each) => each.shape === shape).map(({ start, end }) => [start, end]);
  }

  *#divide(): Iterable<Sentence> {
    let at = 0;
    for (const { 0: line, index } of this.text.matchAll(CODE)) {
      yield* this.#prose(at, index);
      at = index + line.length;
      yield { text: line, start: index, end: at, shape: 'docstrings' };
    }
    yield* this.#prose(at, this.text.length);
  }

  *#prose(from: number, to: number): Iterable<Sentence> {
    for (const { 0: text, index } of this.text.slice(from, to).matchAll(SENTENCE)) {
      if (text.trim() === '') continue;
      const start = from + index;
      yield { text, start, end: start + text.length, shape: shapeOf(text) };
    }
  }
}

function shapeOf(sentence: string): Shape | undefined {
  if (BRACKET.test(sentence)) return 'brackets';
  if (SPEECH.test(sentence)) return 'speech';
  const words = sentence.match(/[A-Za-z]+/g) ?? [];
  if (longestRun(words) >= SHORTEST_RUN) return 'repeats';
  if (/\b1[1-8]\d\d\b/.test(sentence) || EVENTS.test(sentence)) return 'greater-than';
  if (SUBJECT.test(sentence) && words.every((word) => vocabulary('agreement').has(word))) return 'agreement';
  if ((TWO_NAMES.test(sentence) && !FRIENDS.test(sentence)) || GIVING.test(sentence))
    return 'indirect-object';
  if (words.length > 1 && words.every((word) => vocabulary('stories').has(word))) return 'stories';
  return undefined;
}

function longestRun(words: readonly string[]): number {
  let [longest, run] = [0, 0];
  for (const word of words) {
    run = sequence.has(word) ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}

const samples = new Map<RegisterId, Item[]>();

function textsOf(register: RegisterId): Item[] {
  const made = samples.get(register) ?? sample(KNOWN_SEED, KNOWN_TEXTS, { registers: [register] });
  samples.set(register, made);
  return made;
}

const vocabularies = new Map<RegisterId, ReadonlySet<string>>();

/** Every word of a register, as it is written there. */
function vocabulary(register: RegisterId): ReadonlySet<string> {
  const known = vocabularies.get(register);
  if (known) return known;
  const found = new Set(textsOf(register).flatMap(({ text }) => text.match(/[A-Za-z]+/g) ?? []));
  vocabularies.set(register, found);
  return found;
}

const CLASSES = new Map<string, string>([
  ...characters.map(({ name }) => [name, 'N'] as const),
  ...places.map((word) => [word, 'L'] as const),
  ...objects.map((word) => [word, 'B'] as const),
  ...animals.map((word) => [word, 'M'] as const),
  ...colours.map((word) => [word, 'C'] as const),
  ...sizes.map((word) => [word, 'J'] as const),
]);

function template(sentence: string): string {
  return sentence.trim().replaceAll(/[A-Za-z]+/g, (word) => CLASSES.get(word) ?? word.toLowerCase());
}

let moods: ReadonlyMap<string, string> | undefined;

/** Whether a story tells something good, bad or neither in a whole sentence; undefined for what no story says. */
export function moodOf(sentence: string): string | undefined {
  moods ??= new Map(
    textsOf('stories').flatMap(({ text, spans }) => {
      const moodAt = new Map(spans.map(({ end, labels }) => [end, String(labels['sentiment'])]));
      return Array.from(text.matchAll(SENTENCE), ({ 0: each, index }) => {
        return [template(each), moodAt.get(index + each.length)!] as const;
      });
    }),
  );
  return moods.get(template(sentence));
}
