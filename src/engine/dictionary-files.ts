import { findDictionaries, type FoundDictionary } from '../dictionary/find.ts';
import { formatOf } from '../dictionary/formats/index.ts';
import type { FormatFiles } from '../dictionary/formats/format.ts';
import type { DictionaryRecord } from '../dictionary/record.ts';
import type { Storage } from '../dictionary/tensor-source.ts';
import { NpzReader } from '../library/npz.ts';
import { SafetensorsReader } from '../library/safetensors.ts';
import { FacetError } from '../shared/errors.ts';
import { type Files, readJson } from './files.ts';

/** The part of a reference behind its second colon: which of a set's dictionaries is meant; '' when it does not say. */
export function pathOf(id: string): string {
  return /^(?:hf|local):[^:]+:(.*)$/.exec(id)?.[1] ?? '';
}

function repositoryOf(id: string): string | undefined {
  return /^hf:([^@:]+)@/.exec(id)?.[1];
}

/** The dictionary a set of files is about. @throws FacetError `not-found`, `bad-input` when there are several */
export function chooseDictionary(files: Files): FoundDictionary {
  const all = findDictionaries(files.listing.map(({ path }) => path));
  const path = pathOf(files.id);
  const named = all.filter((found) => found.path === path);
  if (named.length === 1) return named[0]!;
  const ready = all.filter((found) => found.files.every((file) => files.has(file)));
  if (path === '' && ready.length === 1) return ready[0]!;
  if (all.length === 0 || path !== '') {
    throw new FacetError('not-found', `There is no dictionary ${path === '' ? '' : `"${path}" `}in ${files.title}.`, {
      hint: all.length > 0 ? `There is: ${listed(all)}.` : undefined,
    });
  }
  throw new FacetError('bad-input', `${files.title} holds ${all.length} dictionaries.`, {
    hint: `Choose one: ${listed(all)}.`,
  });
}

function listed(all: readonly FoundDictionary[]): string {
  const names = all.slice(0, 12).map(({ path }) => path || 'the folder itself');
  return all.length > 12 ? `${names.join(', ')} … (${all.length})` : names.join(', ');
}

/** Opens its configuration and the header of its weights. @throws FacetError `bad-file`, `not-found` */
export async function openDictionaryFiles(files: Files, found: FoundDictionary): Promise<FormatFiles> {
  const [weightsPath, configPath] = found.files;
  const reader = /\.npz$/.test(weightsPath!) ? NpzReader : SafetensorsReader;
  const [weights, config] = await Promise.all([
    files.open(weightsPath!).then((access) => reader.open(weightsPath!, access)),
    configPath === undefined ? undefined : readJson(files, configPath),
  ]);
  return { config, weights, path: weightsPath!, repository: repositoryOf(files.id) };
}

/** What its files say of a dictionary; no tensor is read. @throws FacetError `bad-file`, `unsupported` */
export async function readRecord(files: FormatFiles, storage: Storage): Promise<DictionaryRecord> {
  return formatOf(files).read(files, storage);
}
