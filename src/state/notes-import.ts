import { addExplanations, type Explanation } from '../exchange/explanation.ts';
import {
  otherSource,
  type ReadExplanations,
  readExplanationLines,
  readExplanations,
} from '../exchange/explanations-read.ts';
import { type ImportedFeature, readNeuronpedia } from '../exchange/neuronpedia-read.ts';
import { type FeatureNote, isEmpty, mergeNotes, NO_NOTE } from '../exchange/note.ts';
import { type DictionaryNotes, NOTES_FORMAT, readNotes } from '../exchange/notes-file.ts';
import { FacetError } from '../shared/errors.ts';
import type { NotesOf, NotesShelf } from './notes-shelf.ts';

/** What came in with a file. */
export interface ImportReport {
  /** Dictionaries it changed. */
  of: NotesOf[];
  notes: {
    /** Features that had no note. */
    added: number;
    /** Features whose own note gave way, in part or whole, to a newer one. */
    changed: number;
    /** Features whose own note was the newer one, or the same. */
    kept: number;
    /** Texts that gave way, own and of the file: kept among the explanations. */
    replaced: number;
  };
  explanations: { added: number; known: number; left: number };
  /** Of features the dictionary does not have. */
  outside: number;
  skipped: number;
  first: { row: number; why: string }[];
  /** The feature a file was about. */
  feature?: number;
  /** What one should know before it is believed. */
  warning?: string;
}

/** The open dictionary. */
export type OpenDictionary = NotesOf & { hook: string; dSae: number };

/** Bytes of a file that is read at once; rows come as a stream. */
const MAX_BYTES = 400_000_000;

const empty = (): ImportReport => ({
  of: [],
  notes: { added: 0, changed: 0, kept: 0, replaced: 0 },
  explanations: { added: 0, known: 0, left: 0 },
  outside: 0,
  skipped: 0,
  first: [],
});

/**
 * Takes in a file: notes of Facet, explanations as Neuronpedia exports them, or a feature in its JSON.
 * @param open the dictionary that explanations and features are taken to be of
 * @throws FacetError `bad-input`
 */
export async function takeFile(
  file: File,
  shelf: NotesShelf,
  open: OpenDictionary | undefined,
): Promise<ImportReport> {
  const [first = 0, second = 0] = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  const gzip = first === 0x1f && second === 0x8b;
  if (gzip || /\.jsonl$|\.ndjson$/i.test(file.name))
    return takeExplanations(await readExplanationLines(file.stream(), gzip), shelf, needed(open));
  if (file.size > MAX_BYTES)
    throw new FacetError('bad-input', `The file ${file.name} is too large.`, {
      hint: 'Explanations in lines (.jsonl, .jsonl.gz) may be larger.',
    });
  const content = await file.text();
  const record = recordOf(content);
  if (record?.format === NOTES_FORMAT) return takeNotes(readNotes(content), shelf);
  if (record?.format === 'facet-session')
    throw new FacetError('bad-input', `${file.name} is a session.`, {
      hint: 'Open it with “Open a session”: its notes come with it.',
    });
  if (record && ('activations' in record || 'pos_str' in record || 'maxActApprox' in record))
    return takeFeature(readNeuronpedia(content), shelf, needed(open));
  return takeExplanations(readExplanations(content), shelf, needed(open));
}

/** The whole as an object; undefined where it is a list, lines, or no JSON. */
function recordOf(content: string): Record<string, unknown> | undefined {
  if (!/^\ufeff?\s*\{/.test(content)) return undefined;
  try {
    return JSON.parse(content.replace(/^\ufeff/, '')) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function needed(open: OpenDictionary | undefined): OpenDictionary {
  if (open) return open;
  throw new FacetError('bad-input', 'Explanations are of a dictionary, and none is open.', {
    hint: 'Open the dictionary they are of, then import them.',
  });
}

/** Notes go to the dictionaries they are of, open or not. */
export async function takeNotes(
  dictionaries: readonly DictionaryNotes[],
  shelf: NotesShelf,
): Promise<ImportReport> {
  const report = empty();
  for (const { notes, explanations, ...of } of dictionaries) {
    const before = await shelf.load(of);
    const more: { feature: number; explanation: Explanation }[] = explanations.map(
      ({ feature, ...explanation }) => ({ feature, explanation }),
    );
    for (const { feature, ...other } of notes) {
      if (isEmpty(other)) continue;
      const own = before.notes[feature] ?? NO_NOTE;
      const { note, replaced } = mergeNotes(own, other);
      report.notes[fate(own, note)]++;
      report.notes.replaced += replaced.length;
      more.push(...replaced.map(({ field, text }) => ({ feature, explanation: givenWay(field, text) })));
      // What a deletion took is newer than the deletion once it is brought back.
      await shelf.keepNote(of, feature, broughtBack(own, note));
    }
    if (more.length > 0) await addTo(of, more, shelf, report);
    report.of.push(of);
  }
  return report;
}

function fate(own: FeatureNote, note: FeatureNote): 'added' | 'changed' | 'kept' {
  if (isEmpty(own)) return 'added';
  return own.label.text === note.label.text && own.note.text === note.note.text ? 'kept' : 'changed';
}

function broughtBack(own: FeatureNote, note: FeatureNote): FeatureNote {
  const dated = (field: 'label' | 'note') =>
    own[field].text === '' && note[field].text !== ''
      ? { text: note[field].text, changed: Math.max(note[field].changed, own[field].changed + 1) }
      : note[field];
  return { label: dated('label'), note: dated('note') };
}

const givenWay = (field: 'label' | 'note', text: string): Explanation => ({
  description: text,
  type: `earlier ${field}`,
  author: '',
  source: 'notes',
  scores: [],
});

async function addTo(
  of: NotesOf,
  more: readonly { feature: number; explanation: Explanation }[],
  shelf: NotesShelf,
  report: ImportReport,
): Promise<void> {
  await shelf.changeExplanations(of, (before) => {
    const { all, ...counts } = addExplanations(before, more);
    for (const name of ['added', 'known', 'left'] as const) report.explanations[name] += counts[name];
    return all;
  });
}

async function takeExplanations(
  { sources, skipped, first }: ReadExplanations,
  shelf: NotesShelf,
  open: OpenDictionary,
): Promise<ImportReport> {
  const [source, all] = chooseSource(sources, open);
  const inside = all.filter(({ feature }) => feature < open.dSae);
  if (inside.length === 0)
    throw new FacetError('bad-input', `No explanation is of a feature below ${open.dSae}.`, {
      hint: 'Open the dictionary they are of, then import them.',
    });
  const report = { ...empty(), of: [named(open)], outside: all.length - inside.length, skipped, first };
  await addTo(open, inside, shelf, report);
  return { ...report, warning: otherSource(source, open) };
}

/** A file may hold several sources; those of the open dictionary are the ones that fit it. */
function chooseSource(
  sources: ReadExplanations['sources'],
  open: OpenDictionary,
): [string, { feature: number; explanation: Explanation }[]] {
  const all = [...sources];
  if (all.length === 1) return all[0]!;
  const fitting = all.filter(([source]) => otherSource(source, open) === undefined);
  if (fitting.length === 1) return fitting[0]!;
  const names = all
    .slice(0, 5)
    .map(([source]) => source)
    .join(', ');
  throw new FacetError(
    'bad-input',
    `The file is about ${all.length} dictionaries (${names}${all.length > 5 ? ', …' : ''}), and it does not say which is the open one.`,
    { hint: 'Import the file of one source.' },
  );
}

async function takeFeature(
  found: ImportedFeature,
  shelf: NotesShelf,
  open: OpenDictionary,
): Promise<ImportReport> {
  const { feature, explanations, source } = found;
  if (feature >= open.dSae)
    throw new FacetError('bad-input', `The open dictionary has no feature ${feature}.`, {
      hint: 'Open the dictionary it is of, then import it.',
    });
  const report = { ...empty(), of: [named(open)], feature };
  await addTo(
    open,
    explanations.map((explanation) => ({ feature, explanation })),
    shelf,
    report,
  );
  await shelf.keepFeature(open, feature, { ...found, explanations: [] });
  return { ...report, warning: otherSource(source, open) };
}

const named = ({ model, modelDigest, dictionary, dictionaryDigest }: NotesOf): NotesOf => ({
  model,
  modelDigest,
  dictionary,
  dictionaryDigest,
});
