import type { DictionaryInfo, FileSet, OpenedModel, OpenRequest } from '../engine/protocol.ts';
import { NO_DICTIONARY, parseReference } from './reference.ts';
import type { Wanted } from './sets.ts';
import type { ViewState } from './view-state.ts';

/** What the engine is asked to open for a view, or what has to be fetched or chosen by the visitor before. */
export interface Opening {
  request: OpenRequest;
  wanted: Wanted[];
}

/**
 * Finds the files a view names, without a request to anywhere: the catalogue's are the engine's to fetch, a hub's must
 * be on this device already.
 */
export async function prepareOpening({ model, dictionary, storage }: ViewState): Promise<Opening> {
  const wanted: Wanted[] = [];
  const find = async (role: Wanted['role'], reference: string): Promise<string | FileSet> => {
    const found = await filesBehind(role, reference);
    if (found === undefined) wanted.push({ role, reference });
    return found ?? reference;
  };
  const request: OpenRequest = { model: await find('model', model), storage };
  if (dictionary === NO_DICTIONARY) request.dictionary = null;
  else if (dictionary !== '') request.dictionary = await find('dictionary', dictionary);
  return { request, wanted };
}

/** @returns the name itself for the catalogue's, `undefined` for files that are not here */
export async function filesBehind(
  role: Wanted['role'],
  reference: string,
): Promise<string | FileSet | undefined> {
  if (isCatalogued(reference)) return reference;
  // Fetched when first needed: most visitors open what the site brings.
  const { filesFor } = await import('./sets.ts');
  return filesFor({ role, reference });
}

export const isCatalogued = (reference: string): boolean =>
  reference === '' || parseReference(reference)?.kind === 'catalogue';

/** How the link calls the dictionary of what is open. */
export function dictionaryReference({ model, dictionary }: OpenedModel): string {
  return dictionary?.id ?? (isCatalogued(model.id) ? NO_DICTIONARY : '');
}

/** The dictionary a view means, in the terms of `dictionaryReference`, when its model is open. */
export function meantDictionary(view: ViewState, { model, dictionaries }: OpenedModel): string {
  if (view.dictionary !== '') return view.dictionary;
  return isCatalogued(model.id) ? (dictionaries[0]?.id ?? NO_DICTIONARY) : '';
}

/** The same with a dictionary listed that is not of the catalogue, so that menus can show and offer it. */
export function withDictionary(opened: OpenedModel, dictionary: DictionaryInfo | undefined): OpenedModel {
  const { dictionaries } = opened;
  if (!dictionary || dictionaries.some(({ id }) => id === dictionary.id)) return { ...opened, dictionary };
  const { id, title, hook } = dictionary;
  return { ...opened, dictionary, dictionaries: [...dictionaries, { id, title, hook, bytes: 0 }] };
}
