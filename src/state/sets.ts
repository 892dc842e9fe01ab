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
    if (FacetError.from(thrown).code === 'not-found') return undefined;
    throw thrown;
  }
}

/**
 * A folder of a set as a set of its own, or one file with the configurations named like it. The id says where it came
 * from, since some layouts tell the hook by the path alone.
 */
export function partOfSet(set: FileSet, path: string): FileSet {
  if (path === '') return set;
  const id = partOf(set.id, path);
  const title = `${set.title}, ${path}`;
  const inside = `${path}/`;
  const below = <Entry extends { path: string }>(entries: readonly Entry[]): Entry[] =>
    entries
      .filter((entry) => entry.path.startsWith(inside))
      .map((entry) => ({ ...entry, path: entry.path.slice(inside.length) }));
  const { files, absent = [] } = set;
  if ([...files, ...absent].some((file) => file.path.startsWith(inside)))
    return { ...set, id, title, files: below(files), absent: below(absent) };
  const stem = path.replace(/\.[^./]+$/, '');
  const belongs = (other: { path: string }): boolean =>
    other.path === path || (other.path.startsWith(stem) && other.path.endsWith('.json'));
  return { ...set, id, title, files: files.filter(belongs), absent: absent.filter(belongs) };
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
  const [dictionary] = (await theEngine().inspect(set)).dictionaries;
  if (!dictionary) return set.absent?.length ? undefined : set;
  const files = dictionary.files.map(({ path }) => path);
  return missingOf(set, files).length === 0 ? set : undefined;
}

/** Everything a set has, here or elsewhere. */
export function listingOf({ files, absent = [] }: FileSet): { path: string; bytes: number }[] {
  return [...files.map(({ path, blob }) => ({ path, bytes: blob.size })), ...absent];
}

/** The weights a reference means: the named file, else the best. */
export function chosenWeights({ choices }: ModelLayout, path: string): WeightsChoice | undefined {
  return path === '' ? choices[0] : choices.find(({ files }) => files.includes(path));
}
