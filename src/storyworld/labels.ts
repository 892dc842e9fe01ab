import { argumentNames, names, places } from './lexicon.ts';
import type { RegisterId } from './types.ts';

/** Values a label takes in one register: one of `words`, a whole number in a range, or true and false. */
export type LabelUse = (
  | { words: readonly string[] }
  | { integer: readonly [low: number, high: number] }
  /** A code unit of the same text, before the piece that carries the label. */
  | { earlier: true }
) & {
  /** Carried by every piece of the register; otherwise only by pieces it applies to. */
  every?: boolean;
};

/** One entry of the answer key: what a label of `Span.labels` means, and where it occurs. */
export interface LabelInfo {
  name: string;
  meaning: string;
  uses: Partial<Record<RegisterId, LabelUse>>;
}

const own = (id: RegisterId): LabelUse => ({ words: [id], every: true });
const slots = (words: string): LabelUse => ({ words: words.split(' '), every: true });
const words = (list: string): LabelUse => ({ words: list.split(' ') });
const numbers: LabelUse = { words: ['singular', 'plural'] };

/** Every label that occurs; the tests hold generated text against this list in both directions. */
export const labels: readonly LabelInfo[] = [
  {
    name: 'register',
    meaning: 'The register that wrote the text.',
    uses: {
      stories: own('stories'),
      'indirect-object': own('indirect-object'),
      'greater-than': own('greater-than'),
      repeats: own('repeats'),
      agreement: own('agreement'),
      quotes: own('quotes'),
      docstrings: own('docstrings'),
    },
  },
  {
    name: 'slot',
    meaning:
      'The kind of place in the template that the piece fills; `word` is a fixed word of the template.',
    uses: {
      stories: slots(
        'word punctuation pronoun name object adjective place animal colour quote-open quote-close',
      ),
      'indirect-object': slots('word name punctuation object place'),
      'greater-than': slots('word century year punctuation noun'),
      repeats: slots('word punctuation'),
      agreement: slots('noun preposition verb word determiner punctuation adjective'),
      quotes: slots('word speech bracket-open bracket-close punctuation quote-open quote-close verb name'),
      docstrings: slots('note punctuation argument newline keyword summary function quote-open quote-close'),
    },
  },
  {
    name: 'entity',
    meaning: 'Which person of the story a name or pronoun stands for.',
    uses: { stories: words('hero friend') },
  },
  {
    name: 'name',
    meaning: 'The name written here or that a pronoun stands for; in docstrings, the argument.',
    uses: {
      stories: { words: names },
      'indirect-object': { words: names },
      quotes: { words: names },
      docstrings: { words: argumentNames },
    },
  },
  {
    name: 'gender',
    meaning: 'Gender of the person that a name or pronoun stands for.',
    uses: { stories: words('female male'), quotes: words('female male') },
  },
  {
    name: 'number',
    meaning: 'Grammatical number of a noun, verb, name or pronoun.',
    uses: { stories: { words: ['singular'] }, agreement: numbers },
  },
  {
    name: 'role',
    meaning:
      'What the piece does. Stories: case of a pronoun, `subject` for the name of the hero, `other` for that of the ' +
      'friend. Indirect objects: IO and S1 introduce the two names, S2 repeats the giver, IO-answer the receiver. ' +
      'Years: of the start or the end. Agreement: the head of the subject, a noun between it and the verb, the main ' +
      'verb, the verb of a relative clause. Docstrings: where an argument stands.',
    uses: {
      stories: words('subject other object possessive'),
      'indirect-object': words('IO S1 S2 IO-answer'),
      'greater-than': words('start end'),
      agreement: words('subject distractor main inner'),
      docstrings: words('definition docstring body'),
    },
  },
  {
    name: 'sentiment',
    meaning: 'Whether the sentence tells something good or bad.',
    uses: { stories: slots('positive neutral negative') },
  },
  {
    name: 'place',
    meaning: 'The place of the story, on every piece whether or not it has been named yet.',
    uses: { stories: { words: places, every: true } },
  },
  {
    name: 'quoteDepth',
    meaning: 'Quotes open around the piece; a quotation mark counts as inside its own quote.',
    uses: { stories: { integer: [0, 1], every: true }, quotes: { integer: [0, 2], every: true } },
  },
  {
    name: 'bracketDepth',
    meaning: 'Brackets open around the piece; a bracket counts as inside itself.',
    uses: { quotes: { integer: [0, 4], every: true } },
  },
  {
    name: 'closes',
    meaning: 'The opening bracket that this closing bracket closes.',
    uses: { quotes: words('( [ {') },
  },
  {
    name: 'speaker',
    meaning: 'Who says this sentence, from its first quotation mark to its full stop.',
    uses: { quotes: { words: names } },
  },
  {
    name: 'order',
    meaning:
      'Order of the names in the sentence: ABBA names the receiver first, ABAB the giver (BABA in the literature).',
    uses: { 'indirect-object': slots('ABBA ABAB') },
  },
  {
    name: 'io',
    meaning: 'Name of the receiver in this sentence.',
    uses: { 'indirect-object': { words: names, every: true } },
  },
  {
    name: 'subject',
    meaning: 'Name of the giver in this sentence.',
    uses: { 'indirect-object': { words: names, every: true } },
  },
  {
    name: 'century',
    meaning: 'First two digits of both years of the sentence.',
    uses: { 'greater-than': { integer: [11, 18], every: true } },
  },
  {
    name: 'startYear',
    meaning: 'Last two digits of the first year of the sentence.',
    uses: { 'greater-than': { integer: [2, 97], every: true } },
  },
  {
    name: 'endYear',
    meaning: 'Last two digits of the second year, also on pieces before it.',
    uses: { 'greater-than': { integer: [3, 99], every: true } },
  },
  {
    name: 'copy',
    meaning: 'Which time the sequence is written, from 0; a separator belongs to the copy before it.',
    uses: { repeats: { integer: [0, 2], every: true } },
  },
  {
    name: 'index',
    meaning: 'Place in the sequence, from 0.',
    uses: { repeats: { integer: [0, 39] } },
  },
  {
    name: 'repeatOf',
    meaning: 'Where the same piece began in the previous copy; in docstrings, in the definition.',
    uses: { repeats: { earlier: true }, docstrings: { earlier: true } },
  },
  {
    name: 'subjectNumber',
    meaning: 'Number of the subject of the sentence, on every piece of it.',
    uses: { agreement: { ...numbers, every: true } },
  },
  {
    name: 'distractorNumber',
    meaning: 'Number of the last noun between subject and verb; absent before the first.',
    uses: { agreement: numbers },
  },
  {
    name: 'distance',
    meaning: 'Nouns between the subject and this piece or the verb, so far.',
    uses: { agreement: { integer: [0, 2], every: true } },
  },
  {
    name: 'argument',
    meaning: 'Which argument this is, from 0; self is not counted.',
    uses: { docstrings: { integer: [0, 5] } },
  },
];
