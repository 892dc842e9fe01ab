import * as v from 'valibot';
import { type Explanation, MAX_DESCRIPTION, MAX_EXPLANATIONS, MAX_NAME, MAX_SCORES } from './explanation.ts';
import { type FeatureNote, MAX_LABEL, MAX_NOTE } from './note.ts';
import { checked, finite, ofFormat, parseJson, text, wholeNumber } from './read-file.ts';

/** Notes and explanations of one dictionary under one model. */
export interface DictionaryNotes {
  model: string;
  modelDigest: string;
  dictionary: string;
  dictionaryDigest: string;
  notes: ({ feature: number } & FeatureNote)[];
  explanations: ({ feature: number } & Explanation)[];
}

export const NOTES_FORMAT = 'facet-notes';
/** Code units of a file. */
const MAX_FILE = 256_000_000;
const MAX_DICTIONARIES = 200;

export const digest = v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/, 'must be 16 hexadecimal digits'));
const changed = v.pipe(finite, v.minValue(0), v.maxValue(8.64e15));
const dated = (most: number) => v.object({ text: text(most), changed });
export const noteFields = { label: dated(MAX_LABEL), note: dated(MAX_NOTE) };
export const explanationFields = {
  description: v.pipe(text(MAX_DESCRIPTION), v.minLength(1)),
  type: text(MAX_NAME),
  author: text(MAX_NAME),
  source: text(MAX_NAME),
  scores: v.pipe(v.array(v.object({ type: text(MAX_NAME), value: finite })), v.maxLength(MAX_SCORES)),
};
export const dictionaryNotes = v.object({
  model: text(500),
  modelDigest: digest,
  dictionary: text(500),
  dictionaryDigest: digest,
  notes: v.pipe(
    v.array(v.object({ feature: wholeNumber, ...noteFields })),
    v.maxLength(MAX_EXPLANATIONS, 'too many'),
  ),
  explanations: v.pipe(
    v.array(v.object({ feature: wholeNumber, ...explanationFields })),
    v.maxLength(MAX_EXPLANATIONS, 'too many'),
  ),
});
export const allNotes = v.pipe(v.array(dictionaryNotes), v.maxLength(MAX_DICTIONARIES));
const fileSchema = v.object({
  format: v.literal(NOTES_FORMAT),
  version: v.literal(1),
  dictionaries: allNotes,
});

export function writeNotes(dictionaries: readonly DictionaryNotes[]): string {
  return `${JSON.stringify({ format: NOTES_FORMAT, version: 1, dictionaries }, null, 1)}\n`;
}

/** @throws FacetError `bad-input` saying which part is wrong */
export function readNotes(content: string): DictionaryNotes[] {
  const found = parseJson(content, MAX_FILE);
  ofFormat(found, NOTES_FORMAT, 'a file of notes');
  return checked(fileSchema, found).dictionaries;
}
