import * as v from 'valibot';
import { allNotes, type DictionaryNotes } from '../exchange/notes-file.ts';
import { checked, finite, ofFormat, parseJson, text, wholeNumber } from '../exchange/read-file.ts';
import { keptRecipe, type KeptRecipe, MAX_KEPT } from './recipe-file.ts';

/** What a visitor is in the middle of, as one file: where they were, what they wrote, and which texts it rests on. */
export interface SessionFile {
  /** Milliseconds since 1970. */
  made: number;
  /** Fragment of the address, with `#`. */
  link: string;
  notes: DictionaryNotes[];
  recipes: KeptRecipe[];
  /** Texts that were here: named, not held. */
  corpora: SessionCorpus[];
  /** Scans that were kept: named, not held; reading the same texts again gives the same. */
  scans: SessionScan[];
}

export interface SessionCorpus {
  /** See `corpusId`. */
  id: string;
  name: string;
  items: number;
}

export interface SessionScan {
  corpus: string;
  corpusName: string;
  model: string;
  dictionary: string;
  items: number;
  totalItems: number;
  tokens: number;
}

export const SESSION_FORMAT = 'facet-session';
const MAX_FILE = 300_000_000;

const fileSchema = v.object({
  format: v.literal(SESSION_FORMAT),
  version: v.literal(1),
  made: v.pipe(finite, v.minValue(0), v.maxValue(8.64e15)),
  link: v.pipe(text(100_000), v.regex(/^(#|$)/, 'must be the part of an address from #')),
  notes: allNotes,
  recipes: v.pipe(v.array(keptRecipe), v.maxLength(MAX_KEPT)),
  corpora: v.pipe(
    v.array(v.object({ id: text(80), name: text(500), items: wholeNumber })),
    v.maxLength(10_000),
  ),
  scans: v.pipe(
    v.array(
      v.object({
        corpus: text(80),
        corpusName: text(500),
        model: text(500),
        dictionary: text(500),
        items: wholeNumber,
        totalItems: wholeNumber,
        tokens: v.pipe(finite, v.minValue(0)),
      }),
    ),
    v.maxLength(10_000),
  ),
});

export function writeSession(session: SessionFile): string {
  return `${JSON.stringify({ format: SESSION_FORMAT, version: 1, ...session }, null, 1)}\n`;
}

/** @throws FacetError `bad-input` saying which part is wrong */
export function readSession(content: string): SessionFile {
  const found = parseJson(content, MAX_FILE);
  ofFormat(found, SESSION_FORMAT, 'a session');
  const { made, link, notes, recipes, corpora, scans } = checked(fileSchema, found);
  return { made, link, notes, recipes, corpora, scans };
}

export interface SessionMissing {
  corpora: SessionCorpus[];
  scans: SessionScan[];
}

/** What a session rests on that is not on this device. Storyworld texts are made anew wherever they are needed. */
export function missingFrom(
  session: Pick<SessionFile, 'corpora' | 'scans'>,
  here: { corpora: ReadonlySet<string>; scans: readonly SessionScan[] },
): SessionMissing {
  const keyOf = ({ corpus, model, dictionary }: SessionScan): string =>
    JSON.stringify([corpus, model, dictionary]);
  const read = new Map(here.scans.map((scan) => [keyOf(scan), scan.items]));
  return {
    corpora: session.corpora.filter(({ id }) => !id.startsWith('storyworld-') && !here.corpora.has(id)),
    scans: session.scans.filter((scan) => (read.get(keyOf(scan)) ?? -1) < scan.items),
  };
}
