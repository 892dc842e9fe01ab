import { type ModelLayout, modelLayout } from '../library/layouts.ts';
import { FacetError } from '../shared/errors.ts';
import { type Look, useLibrary } from './library.ts';
import { parseReference } from './reference.ts';
import { chosenWeights, listingOf, missingOf, type Wanted } from './sets.ts';

export interface Needed {
  /** All that opening reads. */
  paths: string[];
  /** Those that are not here. */
  missing: string[];
  bytes: number;
  missingBytes: number;
}

/** The files that opening a reference would read. @returns `undefined` when the set has nothing of that kind */
export function neededFiles(look: Look, role: Wanted['role'], path: string): Needed | undefined {
  const { set, inspection } = look;
  const paths =
    role === 'model'
      ? chosenWeights(modelLayout(listingOf(set)), path)?.files
      : inspection.dictionaries
          .find((found) => found.path === path || path === '')
          ?.files.map((file) => file.path);
  if (!paths) return undefined;
  const sizes = new Map(listingOf(set).map((file) => [file.path, file.bytes]));
  const sum = (some: readonly string[]): number =>
    some.reduce((total, each) => total + (sizes.get(each) ?? 0), 0);
  const missing = missingOf(set, paths);
  return { paths, missing, bytes: sum(paths), missingBytes: sum(missing) };
}

/**
 * Looks at and downloads what a link wants, after the visitor agreed to it.
 * @returns whether everything is here now; what went wrong is in the library's failures and jobs
 */
export async function obtain({ role, reference }: Wanted): Promise<boolean> {
  const parsed = parseReference(reference);
  if (parsed?.kind !== 'hub') return false;
  const library = useLibrary.getState();
  const id = library.looks[parsed.set]
    ? parsed.set
    : await library.look(parsed.set, parsed.repo, parsed.revision);
  const look = id === undefined ? undefined : useLibrary.getState().looks[id];
  if (!look || id === undefined) return false;
  const needed = neededFiles(look, role, parsed.path);
  if (!needed) {
    const what = parsed.path === '' ? `no ${role}` : `no ${role} "${parsed.path}"`;
    const error = new FacetError('not-found', `${parsed.repo} holds ${what} that can be opened.`, {
      hint: 'Look at it in the Models view to see what it holds.',
    });
    useLibrary.setState(({ failures }) => ({ failures: { ...failures, [parsed.set]: error } }));
    return false;
  }
  return needed.missing.length === 0 || library.download(id, needed.missing);
}

/** Ways to open the model of a set, best first, and what keeps it from being opened. */
export function weightsChoices(look: Look): ModelLayout {
  return modelLayout(listingOf(look.set));
}

/** Every file of a set, by path, and whether it is here. */
export function listedFiles({ set }: Look): { path: string; bytes: number; here: boolean }[] {
  const here = new Set(set.files.map(({ path }) => path));
  return listingOf(set)
    .map((file) => ({ ...file, here: here.has(file.path) }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}
