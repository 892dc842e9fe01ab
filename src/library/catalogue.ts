import * as v from 'valibot';
import { FacetError } from '../shared/errors.ts';
import { fetchFile } from './fetch-file.ts';

// Relative folders of this site only: no scheme, no leading slash, no step upwards.
const relativePath = v.pipe(
  v.string(),
  v.maxLength(300),
  v.regex(/^(?!\/)(?!.*(?:^|\/)\.\.(?:\/|$))[\w./-]+$/, 'must be a plain relative path'),
);
const name = v.pipe(v.string(), v.minLength(1), v.maxLength(200));
const fileSchema = v.object({
  path: relativePath,
  bytes: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
});
const dictionarySchema = v.object({
  id: name,
  hook: name,
  title: name,
  base: relativePath,
  dSae: v.pipe(v.number(), v.integer(), v.minValue(1)),
  k: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  files: v.pipe(v.array(fileSchema), v.maxLength(100)),
});
const modelSchema = v.object({
  id: name,
  title: name,
  license: v.pipe(v.string(), v.maxLength(200)),
  base: relativePath,
  files: v.pipe(v.array(fileSchema), v.maxLength(1000)),
  dictionaries: v.pipe(v.array(dictionarySchema), v.maxLength(1000)),
});
const catalogueSchema = v.object({
  version: v.literal(1),
  models: v.pipe(v.array(modelSchema), v.maxLength(1000)),
});

export type CatalogueFile = v.InferOutput<typeof fileSchema>;
export type CatalogueDictionary = v.InferOutput<typeof dictionarySchema>;
export type CatalogueModel = v.InferOutput<typeof modelSchema>;
export type Catalogue = v.InferOutput<typeof catalogueSchema>;

const LIMIT = 5_000_000;

/** @throws FacetError `bad-file` naming the field */
export function parseCatalogue(json: unknown): Catalogue {
  const parsed = v.safeParse(catalogueSchema, json);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new FacetError(
    'bad-file',
    `catalogue.json is wrong at ${v.getDotPath(issue) ?? 'its root'}: ${issue.message}`,
  );
}

/** The site's own catalogue. @param site address of the page */
export async function loadCatalogue(site: URL, signal?: AbortSignal): Promise<Catalogue> {
  const bytes = await fetchFile(new URL('catalogue.json', site), { limit: LIMIT, signal });
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new FacetError('bad-file', 'catalogue.json is not JSON.', { cause });
  }
  return parseCatalogue(json);
}

/** @throws FacetError `not-found` listing what there is */
export function findById<Entry extends { id: string }>(
  what: string,
  id: string,
  entries: readonly Entry[],
): Entry {
  const found = entries.find((entry) => entry.id === id);
  if (found) return found;
  throw new FacetError('not-found', `There is no ${what} called "${id.slice(0, 80)}" here.`, {
    hint: entries.length > 0 ? `There is: ${entries.map((entry) => entry.id).join(', ')}.` : undefined,
  });
}
