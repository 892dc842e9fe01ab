import { findDictionaries, type FoundDictionary } from '../dictionary/find.ts';
import { formatOf } from '../dictionary/formats/index.ts';
import type { FormatFiles } from '../dictionary/formats/format.ts';
import type { DictionaryRecord } from '../dictionary/record.ts';
import type { Storage } from '../dictionary/tensor-source.ts';
import { NpzReader } from '../library/npz.ts';
import { SafetensorsReader } from '../library/safetensors.ts';
import { FacetError } from '../shared/errors.ts';
import type { TensorReader } from '../shared/tensor-file.ts';
import { type Files, readJson } from './files.ts';

/** The part of a reference behind its second colon: which of a set's dictionaries is meant; '' when it does not say. */
function pathOf(id: string): string {
  return /^(?:hf|local):[^:]+:(.*)$/.exec(id)?.[1] ?? '';
}

function repositoryOf(id: string): string | undefined {
  return /^hf:([^@:]+)@/.exec(id)?.[1];
}

/** Every dictionary of a set, with paths from the set on. */
export function dictionariesOf(files: Files): FoundDictionary[] {
  const folder = files.within;
  const own = (path: string): string => path.slice(folder.length);
  return findDictionaries(files.listing.map(({ path }) => folder + path)).map((found) => ({
    ...found,
    path: own(found.path),
    files: found.files.map(own),
  }));
}

/** The dictionary a set of files is about. @throws FacetError `not-found`, `bad-input` when there are several */
export function chooseDictionary(files: Files): FoundDictionary {
  const all = dictionariesOf(files);
  const path = pathOf(files.id);
  const named = all.filter((found) => found.path === path || found.files[0] === path);
  const ready = all.filter((found) => found.files.every((file) => files.has(file)));
  const chosen = named.length > 0 ? named : ready;
  if (chosen.length === 1) return chosen[0]!;
  if (chosen.length === 0) {
    throw new FacetError('not-found', `There is no dictionary that can be opened in ${files.title}.`, {
      hint: all.length > 0 ? `It must be downloaded first: ${listed(all)}.` : undefined,
    });
  }
  throw new FacetError('bad-input', `${files.title} holds ${chosen.length} dictionaries.`, {
    hint: `Choose one: ${listed(chosen)}.`,
  });
}

function listed(all: readonly FoundDictionary[]): string {
  const names = all.slice(0, 12).map(({ path }) => path || 'the folder itself');
  return all.length > 12 ? `${names.join(', ')} … (${all.length})` : names.join(', ');
}

/** Opens its configuration and the header of its weights. @throws FacetError `bad-file`, `not-found` */
export async function openDictionaryFiles(files: Files, found: FoundDictionary): Promise<FormatFiles> {
  const [weightsPath, configPath] = found.files;
  const opening: Promise<TensorReader> = files
    .open(weightsPath!)
    .then<TensorReader>((access) =>
      (weightsPath!.endsWith('.npz') ? NpzReader : SafetensorsReader).open(weightsPath!, access),
    );
  const [weights, config] = await Promise.all([
    opening,
    configPath === undefined ? undefined : readJson(files, configPath),
  ]);
  return { config, weights, path: files.within + weightsPath!, repository: repositoryOf(files.id) };
}

/** What its files say of a dictionary; no tensor is read. @throws FacetError `bad-file`, `unsupported` */
export async function readRecord(files: FormatFiles, storage: Storage): Promise<DictionaryRecord> {
  return formatOf(files).read(files, storage);
}
