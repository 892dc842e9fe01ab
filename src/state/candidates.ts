import type { DictionaryInspection, ModelInspection } from '../engine/protocol.ts';
import { misfit, otherModel } from './fit.ts';
import type { Look } from './library.ts';
import { bytesOf, type PublishedDictionary, type PublishedSet } from './published.ts';
import { partOf } from './reference.ts';
import { missingOf } from './sets.ts';

/** A dictionary one could open with a model, from whichever place. */
export interface Candidate {
  key: string;
  /** As links call it; absent while the revision of its repository is not known. */
  reference?: string;
  title: string;
  /** Owner and name, for those on the hub. */
  repo?: string;
  revision?: string;
  path: string;
  hook?: string;
  hookOut?: string;
  architecture?: string;
  dSae?: number;
  bytes?: number;
  /** Whether all of it is here; absent while nobody looked. */
  here?: boolean;
  published?: PublishedDictionary;
  set?: PublishedSet;
  /** Why it cannot be opened with the model. */
  problem?: string;
  /** What to know although it can. */
  note?: string;
}

interface Sources {
  /** The published ones for the model. */
  sets: readonly PublishedSet[];
  /** The model's own set, and others that were looked into for it. */
  looks: readonly Look[];
  /** What is known of the model, once it was looked into. */
  model?: ModelInspection;
  title: string;
}

/** Dictionaries of the list first, then what else the looked-at sets hold. */
export function candidates({ sets, looks, model, title }: Sources): Candidate[] {
  const found: Candidate[] = [];
  const listed = new Set<string>();
  for (const set of sets) {
    const look = looks.find(({ set: { id } }) => id.startsWith(`hf:${set.repo}@`));
    const pinned = look?.set.id ?? (set.revision && `hf:${set.repo}@${set.revision}`);
    for (const published of set.dictionaries) {
      const seen = look?.inspection.dictionaries.find(({ path }) => path === published.path);
      if (look) listed.add(partOf(look.set.id, published.path));
      const absent =
        look && !seen ? 'Its repository does not hold it, or not in a form that can be read.' : undefined;
      const described = seen && look ? describe(seen, look, model, title) : undefined;
      found.push({
        key: `${set.id}:${published.path}`,
        reference: pinned && partOf(pinned, published.path),
        title: set.title,
        repo: set.repo,
        revision: set.revision,
        path: published.path,
        hook: published.hook,
        architecture: set.architecture,
        dSae: published.dSae ?? set.dSae,
        bytes: set.bytes,
        published,
        set,
        ...described,
        problem:
          set.unreadable ??
          absent ??
          (described ? described.problem : model && misfit(published, model, title)),
      });
    }
  }
  for (const look of looks) {
    for (const seen of look.inspection.dictionaries) {
      const reference = partOf(look.set.id, seen.path);
      if (listed.has(reference)) continue;
      const repo = /^hf:(.+)@/.exec(look.set.id)?.[1];
      const described = describe(seen, look, model, title);
      found.push({ key: reference, reference, title: look.set.title, repo, path: seen.path, ...described });
    }
  }
  return found;
}

function describe(seen: DictionaryInspection, look: Look, model: ModelInspection | undefined, title: string) {
  const { hook, hookOut, architecture, dSae, files, refusal } = seen;
  const paths = files.map(({ path }) => path);
  const known = { hook, hookOut, architecture, dSae };
  return {
    // What the files leave open is as the list says.
    ...Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined)),
    bytes: bytesOf(files),
    here: missingOf(look.set, paths).length === 0,
    problem: refusal
      ? [refusal.message, refusal.hint].filter(Boolean).join(' ')
      : model && misfit(seen, model, title),
    note: model && otherModel(seen, model, title),
  };
}

/** Every word, in any order, in what is shown of it. */
export function filterCandidates(all: readonly Candidate[], search: string): Candidate[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return all.filter(({ title, repo, path, hook, architecture, dSae, set }) => {
    const text = [title, repo, path, hook, architecture, dSae, set?.author, set?.id].join(' ').toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
