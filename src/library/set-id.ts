import { FacetError } from '../shared/errors.ts';

/**
 * Names of sets, as links spell them: `hf:owner/name@<40 hex>`, with `:folder` for a part of a repository, or
 * `local:<16 hex>` for a visitor's own files.
 */
export type SetId =
  | { kind: 'hf'; repo: string; revision: string; folder?: string }
  | { kind: 'local'; digest: string };

// As huggingface_hub validates repository ids: 1 to 96 characters a part, no leading or trailing dot or dash.
const PART = /^(?![.-])(?!.*(?:--|\.\.))[\w.-]{1,96}(?<![.-])$/;
const COMMIT = /^[0-9a-f]{40}$/;
const MOST_PATH = 1000;

export const isCommit = (text: string): boolean => COMMIT.test(text);

/** @param bare also accept a name without owner. @throws FacetError `bad-input` */
export function checkRepo(text: string, bare = false): string {
  const repo = text.trim();
  const parts = repo.split('/');
  if ((parts.length === 2 || (bare && parts.length === 1)) && parts.every((part) => PART.test(part)))
    return repo;
  throw new FacetError('bad-input', `“${shorten(repo)}” is not the name of a repository.`, {
    hint: 'Write it as owner/name, for example openai-community/gpt2.',
  });
}

/** Branch, tag or commit. @throws FacetError `bad-input` */
export function checkRevision(text: string): string {
  const revision = text.trim();
  if (/^(?![/.-])(?!.*(?:\.\.|\/\/|@\{))[\w./+-]{1,200}(?<![/.])$/.test(revision)) return revision;
  throw new FacetError('bad-input', `“${shorten(revision)}” is not a revision.`, {
    hint: 'Give a branch, a tag or a commit, or leave it out for main.',
  });
}

/** Whether a path stays inside its set and can be put into an address. */
export function isPlainPath(path: string): boolean {
  if (path.length === 0 || path.length > MOST_PATH) return false;
  // Control characters and backslashes have no business in a path; neither have empty parts and steps upwards.
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f\\]/.test(path) || !path.isWellFormed()) return false;
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

/** @throws FacetError `bad-input` */
export function checkPath(path: string): string {
  if (isPlainPath(path)) return path;
  throw new FacetError('bad-input', `“${shorten(path)}” is not the path of a file in a repository.`, {
    hint: 'Use paths as the repository lists them.',
  });
}

export function formatSetId(id: SetId): string {
  if (id.kind === 'local') return `local:${id.digest}`;
  return `hf:${id.repo}@${id.revision}${id.folder ? `:${id.folder}` : ''}`;
}

/** @throws FacetError `bad-input` */
export function parseSetId(text: string): SetId {
  const local = /^local:([0-9a-f]{16})$/.exec(text);
  if (local) return { kind: 'local', digest: local[1]! };
  const hub = /^hf:([^@:]+)@([0-9a-f]{40})(?::(.+))?$/.exec(text);
  if (hub) {
    const [, repo = '', revision = '', folder] = hub;
    return { kind: 'hf', repo: checkRepo(repo), revision, folder: folder && checkPath(folder) };
  }
  throw new FacetError('bad-input', `“${shorten(text)}” names no model or dictionary.`, {
    hint: 'Use hf:owner/name@ and a commit of 40 hexadecimal digits, or local: and 16 of them.',
  });
}

export const shorten = (text: string): string => (text.length > 80 ? `${text.slice(0, 79)}…` : text);
