import type { StoredSet } from '../library/protocol.ts';
import type { Look } from './library.ts';
import { bytesOf, type PublishedModel, type PublishedSet, type SiteModel } from './published.ts';
import { isRepository, parseReference } from './reference.ts';

/** One line of the list of models: of this site, of the list of published ones, or on this device. */
export interface ModelEntry {
  /** What the link of its page says: a name of this site, `owner/name`, or a reference. */
  key: string;
  title: string;
  repo?: string;
  /** The revision to look at, where one is known. */
  revision?: string;
  family?: string;
  parameters?: number;
  /** Of the weights, as far as known. */
  bytes?: number;
  license?: string;
  gated: boolean;
  mirror?: string;
  note?: string;
  site?: SiteModel;
  sets: readonly PublishedSet[];
  /** Dictionaries that are listed for it. */
  dictionaries: number;
  /** Something of it is on this device. */
  stored: boolean;
  /** Everything a search may mean, in small letters. */
  words: string;
}

export interface EntryFilter {
  /** All of these words, in any order. */
  search: string;
  fits: boolean;
  hasDictionaries: boolean;
  stored: boolean;
}

/** @param looks sets looked into in this visit */
export function makeEntries(
  { site, published }: { site: readonly SiteModel[]; published: readonly PublishedModel[] },
  stored: readonly StoredSet[],
  looks: readonly Look[],
): ModelEntry[] {
  const held = new Set(stored.map(({ id }) => repositoryOf(id)));
  const listed = new Set(published.flatMap(({ repo, sets }) => [repo, ...sets.map((set) => set.repo)]));
  const others = new Map<string, ModelEntry>();
  for (const { set } of looks) addOther(set.id, set.title, set.license, false);
  for (const { id, title, license, problem } of stored) {
    if (problem === undefined || !id.startsWith('damaged:')) addOther(id, title, license, true);
  }

  function addOther(id: string, title: string, license: string | undefined, isStored: boolean): void {
    const parsed = parseReference(id);
    if (!parsed || parsed.kind === 'catalogue') return;
    const repo = parsed.kind === 'hub' ? parsed.repo : undefined;
    // Known repositories have their line already, dictionaries that of their model.
    if (repo !== undefined && listed.has(repo)) return;
    const before = others.get(parsed.set);
    others.set(parsed.set, {
      key: parsed.set,
      title: before?.title ?? title,
      repo,
      revision: parsed.kind === 'hub' ? parsed.revision : undefined,
      license: before?.license ?? license,
      gated: false,
      sets: [],
      dictionaries: 0,
      stored: isStored || (before?.stored ?? false),
      words: `${title} ${id}`.toLowerCase(),
    });
  }

  return [
    ...site.map(fromSite),
    ...others.values(),
    ...published.map((model) => fromPublished(model, held.has(model.repo))),
  ];
}

function fromSite(model: SiteModel): ModelEntry {
  const { id, title, license, files, dictionaries } = model;
  const words = [id, title, ...dictionaries.flatMap((each) => [each.id, each.title, each.hook])];
  return {
    key: id,
    title,
    license,
    bytes: bytesOf(files),
    gated: false,
    site: model,
    sets: [],
    dictionaries: dictionaries.length,
    stored: true,
    words: words.join(' ').toLowerCase(),
  };
}

function fromPublished(model: PublishedModel, stored: boolean): ModelEntry {
  const { repo, revision, title, family, parameters, bytes, license, gated, mirror, note, sets } = model;
  const words = [
    repo,
    mirror ?? '',
    title,
    family,
    ...sets.flatMap((set) => [
      set.id,
      set.title,
      set.repo,
      set.author ?? '',
      set.arxiv ?? '',
      set.format,
      set.architecture ?? '',
      ...new Set(set.dictionaries.map(({ hook }) => hook)),
    ]),
  ];
  return {
    key: repo,
    title,
    repo,
    revision,
    family,
    parameters,
    bytes,
    license,
    gated,
    mirror,
    note,
    sets,
    dictionaries: sets.reduce((sum, set) => sum + set.dictionaries.length, 0),
    stored,
    words: words.join(' ').toLowerCase(),
  };
}

const repositoryOf = (id: string): string => {
  const parsed = parseReference(id);
  return parsed?.kind === 'hub' ? parsed.repo : id;
};

/** @param largestBuffer of the adapter, in bytes; 0 while unknown, when everything counts as fitting */
export function filterEntries(
  entries: readonly ModelEntry[],
  { search, fits, hasDictionaries, stored }: EntryFilter,
  largestBuffer: number,
): ModelEntry[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return entries.filter(
    (entry) =>
      words.every((word) => entry.words.includes(word)) &&
      (!fits || fitsAdapter(entry, largestBuffer)) &&
      (!hasDictionaries || entry.dictionaries > 0) &&
      (!stored || entry.stored),
  );
}

/**
 * Browsers do not say how much graphics memory there is. The rule of thumb: weights of two bytes a parameter are no
 * larger than the largest single buffer the adapter allows.
 */
export function fitsAdapter({ parameters, bytes }: ModelEntry, largestBuffer: number): boolean {
  const size = parameters === undefined ? (bytes ?? 0) : 2 * parameters;
  return largestBuffer === 0 || size <= largestBuffer;
}

/** A repository as visitors write it: `owner/name`, with `@revision`, or the address of its page. */
export interface RepositoryInput {
  repo: string;
  revision?: string;
}

/** @param endpoint of the hub in use, whose addresses are understood beside huggingface.co's */
export function parseRepositoryInput(text: string, endpoint: string): RepositoryInput | undefined {
  const trimmed = text.trim();
  const plain = /^([^@\s]+)(?:@([\w./-]{1,200}))?$/.exec(trimmed);
  if (plain && isRepository(plain[1]!)) return { repo: plain[1]!, revision: plain[2] };
  if (!URL.canParse(trimmed) || !/^https?:/.test(trimmed)) return undefined;
  const { origin, pathname } = new URL(trimmed);
  const hubs = [
    URL.canParse(endpoint) ? new URL(endpoint).origin : '',
    'https://huggingface.co',
    'https://hf.co',
  ];
  if (!hubs.includes(origin)) return undefined;
  const [owner = '', name = '', what, revision] = pathname.split('/').filter(Boolean);
  const repo = `${owner}/${name}`;
  if (owner === 'datasets' || owner === 'spaces' || !isRepository(repo)) return undefined;
  const pinned = what === 'tree' || what === 'blob' || what === 'resolve' || what === 'commit';
  return { repo, revision: pinned && revision ? decodeURIComponent(revision) : undefined };
}

/**
 * Sets on this device whose dictionaries may be for a model: those listed for it, and those nobody lists, such as the
 * visitor's own. What is listed for other models is left out.
 */
export function setsNearby(
  entry: ModelEntry,
  entries: readonly ModelEntry[],
  stored: readonly StoredSet[],
): string[] {
  const elsewhere = new Set(
    entries
      .filter((other) => other.key !== entry.key)
      .flatMap(({ repo, sets, site }) =>
        site ? [] : [...(sets.length > 0 ? [repo] : []), ...sets.map((set) => set.repo)],
      ),
  );
  const own = new Set(entry.sets.map(({ repo }) => repo));
  return stored
    .map(({ id }) => id)
    .filter((id) => {
      const parsed = parseReference(id);
      if (!parsed || parsed.kind === 'catalogue') return false;
      return parsed.kind === 'local' || own.has(parsed.repo) || !elsewhere.has(parsed.repo);
    });
}
