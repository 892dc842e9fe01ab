import type { FileSet } from '../engine/protocol.ts';
import { type ModelLayout, modelLayout, type WeightsChoice } from '../library/layouts.ts';
import { FacetError } from '../shared/errors.ts';
import { theEngine } from './engine.ts';
import { theLibrary } from './library-door.ts';
import { parseReference, partOf } from './reference.ts';

/** Sets that are only in this page: chosen by the visitor and not kept on the device. */
const chosen = new Map<string, FileSet>();

export function keepInPage(set: FileSet): void {
  chosen.set(set.id, set);
}

export const inPage = (id: string): boolean => chosen.has(id);

/** A whole set that is on this device or in this page. @returns `undefined` when nothing of it is */
export async function setAtHand(id: string): Promise<FileSet | undefined> {
  const found = chosen.get(id);
  if (found) return found;
  try {
    return await theLibrary().open(id);
  } catch (thrown) {
    const { code } = FacetError.from(thrown);
    // A download that brought nothing yet leaves a set without files; the hub has them.
    if (code === 'not-found' || (code === 'bad-file' && id.startsWith('hf:'))) return undefined;
    throw thrown;
  }
}

/**
 * A dictionary of a set as a set of its own: a folder, or the files that begin like its path. Paths stay those of the
 * whole set, and the id says which part is meant: some layouts tell the hook by the path alone.
 */
export function partOfSet(set: FileSet, path: string): FileSet {
  if (path === '') return set;
  const belongs = (file: { path: string }): boolean =>
    file.path === path || (file.path.startsWith(path) && /[/._]/.test(file.path[path.length]!));
  const { files, absent = [] } = set;
  return {
    ...set,
    id: partOf(set.id, path),
    title: `${set.title}, ${path}`,
    files: files.filter(belongs),
    absent: absent.filter(belongs),
  };
}

/** A set with one weights file for the model, when it has several: the others are as if they were not there. */
export function withWeights(set: FileSet, path: string): FileSet {
  if (path === '') return set;
  const other = (file: { path: string }): boolean =>
    file.path !== path && /\.(gguf|safetensors|safetensors\.index\.json)$/.test(file.path);
  return {
    ...set,
    id: partOf(set.id, path),
    files: set.files.filter((file) => !other(file)),
    absent: set.absent?.filter((file) => !other(file)),
  };
}

/** Which of some files are not here. */
export function missingOf(set: FileSet, wanted: readonly string[]): string[] {
  const here = new Set(set.files.map(({ path }) => path));
  return wanted.filter((path) => !here.has(path));
}

/** What a link wants and this page does not have. */
export interface Wanted {
  role: 'model' | 'dictionary';
  /** As in the link. */
  reference: string;
}

/**
 * The files behind a reference, complete enough to be opened.
 * @returns `undefined` when they have to be downloaded or chosen first
 * @throws FacetError `bad-link` for a catalogue name, which the engine finds by itself
 */
export async function filesFor({ role, reference }: Wanted): Promise<FileSet | undefined> {
  const parsed = parseReference(reference);
  if (!parsed || parsed.kind === 'catalogue')
    throw new FacetError('bad-link', `"${reference.slice(0, 80)}" names no files.`);
  const whole = await setAtHand(parsed.set);
  if (!whole) return undefined;
  if (role === 'model') {
    const layout = modelLayout(listingOf(whole));
    const choice = chosenWeights(layout, parsed.path);
    // Nothing to choose: the engine says best what is wrong with these files.
    if (!choice && !whole.absent?.length) return whole;
    return choice && missingOf(whole, choice.files).length === 0
      ? withWeights(whole, parsed.path)
      : undefined;
  }
  const set = partOfSet(whole, parsed.path);
  const { dictionaries } = await theEngine().inspect(set);
  const found = dictionaries.find(({ path }) => path === parsed.path) ?? dictionaries[0];
  if (!found) return set.absent?.length ? undefined : set;
  return missingOf(
    set,
    found.files.map(({ path }) => path),
  ).length === 0
    ? set
    : undefined;
}

/** Everything a set has, here or elsewhere. */
export function listingOf({ files, absent = [] }: FileSet): { path: string; bytes: number }[] {
  return [...files.map(({ path, blob }) => ({ path, bytes: blob.size })), ...absent];
}

/** The weights a reference means: the named file, else the best. */
export function chosenWeights({ choices }: ModelLayout, path: string): WeightsChoice | undefined {
  return path === '' ? choices[0] : choices.find(({ files }) => files.includes(path));
}
