/**
 * What links call a model or a dictionary.
 *
 *     storyworld-2m                                 of this site's own catalogue
 *     hf:owner/name@<40 hex>                        a repository of the hub at one revision
 *     hf:owner/name@<40 hex>:folder/or/file         a dictionary inside it
 *     local:<16 hex>                                the visitor's own files, by a digest of their content
 *     local:<16 hex>:folder/or/file                 a dictionary among them
 *
 * Which hub is asked is a visitor's setting and never part of a reference.
 */
export type Reference =
  | { kind: 'catalogue'; id: string }
  | { kind: 'hub'; set: string; repo: string; revision: string; path: string }
  | { kind: 'local'; set: string; digest: string; path: string };

/** A dictionary reference: the model is opened without one. */
export const NO_DICTIONARY = 'none';

const MAX_LENGTH = 500;

const OWNER_OR_NAME = String.raw`[A-Za-z0-9](?:[\w.-]{0,94}[A-Za-z0-9_])?`;
const PATH_PART = String.raw`[\p{L}\p{N}_][\p{L}\p{N}_.,:=+() -]*`;
const PATH = `${PATH_PART}(?:/${PATH_PART})*`;
const REPOSITORY = new RegExp(`^${OWNER_OR_NAME}/${OWNER_OR_NAME}$`);
const HUB = new RegExp(`^(hf:(${OWNER_OR_NAME}/${OWNER_OR_NAME})@([0-9a-f]{40}))(?::(${PATH}))?$`, 'u');
const LOCAL = new RegExp(`^(local:([0-9a-f]{16}))(?::(${PATH}))?$`, 'u');
// A plain name: no address, no path that climbs, nothing that could be read as another site.
const CATALOGUE = /^[\w][\w./@ -]{0,199}$/;

/** @returns `undefined` for anything that is not exactly one of the forms above */
export function parseReference(text: string): Reference | undefined {
  if (text.length > MAX_LENGTH || text.includes('..')) return undefined;
  const hub = HUB.exec(text);
  if (hub) {
    const [, set = '', repo = '', revision = '', path = ''] = hub;
    return isRepository(repo) ? { kind: 'hub', set, repo, revision, path } : undefined;
  }
  const local = LOCAL.exec(text);
  if (local) return { kind: 'local', set: local[1]!, digest: local[2]!, path: local[3] ?? '' };
  return CATALOGUE.test(text) ? { kind: 'catalogue', id: text } : undefined;
}

/** Whether `owner/name` could be a repository of the hub. */
export function isRepository(text: string): boolean {
  return REPOSITORY.test(text) && !text.includes('..') && !text.includes('--');
}

/** The id of a part of a set of files; the empty path is the whole set. */
export function partOf(set: string, path: string): string {
  return path === '' ? set : `${set}:${path}`;
}
