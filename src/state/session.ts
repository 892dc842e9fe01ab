import { writeNotes } from '../exchange/notes-file.ts';
import { FacetError } from '../shared/errors.ts';
import { useCorpora } from './corpora.ts';
import { runningEngine } from './engine.ts';
import { useNotes } from './notes.ts';
import type { ImportReport } from './notes-import.ts';
import { keepRecipe, keptRecipes, MAX_KEPT, MAX_NAME, shelf } from './recipe-file.ts';
import {
  missingFrom,
  readSession,
  SESSION_FORMAT,
  type SessionFile,
  type SessionMissing,
  type SessionScan,
  writeSession,
} from './session-file.ts';
import { usePage } from './store.ts';

export interface SessionReport {
  notes: ImportReport;
  recipes: { added: number; known: number; left: number };
  missing: SessionMissing;
}

/** Bytes of a session. */
const MAX_BYTES = 300_000_000;

/** What a visitor is in the middle of, as a file. */
export async function sessionFile(): Promise<string> {
  const [notes, corpora, scans, address] = await Promise.all([
    useNotes.getState().all(),
    ownCorpora(),
    keptScans(),
    usePage.getState().link(),
  ]);
  return writeSession({
    made: Date.now(),
    link: new URL(address).hash,
    notes,
    recipes: keptRecipes(shelf()),
    corpora: corpora.map(({ digest, name, items }) => ({ id: `own-${digest}`, name, items })),
    scans,
  });
}

export async function notesFile(): Promise<string> {
  return writeNotes(await useNotes.getState().all());
}

/**
 * Opens a session, or takes in notes, explanations or a feature: what the file is, it says itself.
 * @throws FacetError `bad-input`
 */
export async function openFile(
  file: File,
): Promise<{ kind: 'session'; report: SessionReport } | { kind: 'notes'; report: ImportReport }> {
  // A session says what it is within the first line or two.
  const head = await file.slice(0, 300).text();
  if (!new RegExp(`"format"\\s*:\\s*"${SESSION_FORMAT}"`).test(head))
    return { kind: 'notes', report: await useNotes.getState().take(file) };
  if (file.size > MAX_BYTES) throw new FacetError('bad-input', `${file.name} is too large for a session.`);
  return { kind: 'session', report: await openSession(readSession(await file.text())) };
}

async function openSession(session: SessionFile): Promise<SessionReport> {
  const notes = await useNotes.getState().takeAll(session.notes);
  const recipes = takeRecipes(session.recipes);
  const [corpora, scans] = await Promise.all([ownCorpora(), keptScans()]);
  const here = { corpora: new Set(corpora.map(({ digest }) => `own-${digest}`)), scans };
  // A step of the history like any other: what was shown before is one step back.
  if (session.link !== '') location.hash = session.link;
  return { notes, recipes, missing: missingFrom(session, here) };
}

function takeRecipes(recipes: SessionFile['recipes']): SessionReport['recipes'] {
  const counts = { added: 0, known: 0, left: 0 };
  for (const { name, ...recipe } of recipes) {
    const kept = keptRecipes(shelf());
    const same = JSON.stringify(recipe.steer);
    const names = new Set(kept.map((one) => one.name));
    if (kept.some((one) => JSON.stringify(one.steer) === same && one.modelDigest === recipe.modelDigest))
      counts.known++;
    else if (kept.length >= MAX_KEPT) counts.left++;
    else {
      keepRecipe(shelf(), freeName(name, names), recipe);
      counts.added++;
    }
  }
  return counts;
}

/** The name, or the name with a number, that no other recipe has. */
export function freeName(name: string, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number++) {
    const suffix = number === 1 ? '' : ` (${number})`;
    const found = `${name.slice(0, MAX_NAME - suffix.length)}${suffix}`;
    if (!taken.has(found)) return found;
  }
}

async function ownCorpora() {
  await useCorpora.getState().refresh();
  return useCorpora.getState().kept ?? [];
}

/** Without an engine there is nobody to ask: a session of before a model was opened names no scans. */
async function keptScans(): Promise<SessionScan[]> {
  try {
    const kept = (await runningEngine()?.scan.kept()) ?? [];
    return kept.map(({ corpus, corpusName, model, dictionary, items, totalItems, tokens }) => ({
      corpus,
      corpusName,
      model,
      dictionary,
      items,
      totalItems,
      tokens,
    }));
  } catch {
    return [];
  }
}
