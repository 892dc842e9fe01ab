import * as v from 'valibot';
import { FacetError } from '../shared/errors.ts';
import { isRepository, parseReference } from './reference.ts';

/**
 * What this page knows of models elsewhere: `public/published.json`, made by `training/published.py`. Facts for choosing,
 * never for computing: whatever is opened says itself what it is. Absent means unknown.
 */
const words = v.pipe(v.string(), v.minLength(1), v.maxLength(400));
const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const repository = v.pipe(v.string(), v.check(isRepository, 'must be owner/name'));
const revision = v.pipe(v.string(), v.regex(/^[0-9a-f]{40}$/, 'must be a commit'));
const insideSet = v.pipe(
  v.string(),
  v.check((path) => {
    const parsed = parseReference(`local:${'0'.repeat(16)}:${path}`);
    return parsed?.kind === 'local' && parsed.path === path;
  }, 'must be a plain path'),
);

const dictionarySchema = v.strictObject({
  /** Folder or file in the repository. */
  path: insideSet,
  /** TransformerLens name of the hook whose activations it rebuilds. */
  hook: v.pipe(v.string(), v.regex(/^(?:blocks\.\d+\.)?(?:\w+\.)*hook_\w+$/, 'must be a hook')),
  dSae: v.optional(whole),
  /** As published: mean active features a token, share of variance explained. Below 0 is possible. */
  l0: v.optional(v.number()),
  explainedVariance: v.optional(v.pipe(v.number(), v.maxValue(1))),
  /** `model/layer-set`, the folder of its feature pages at neuronpedia.org. */
  neuronpedia: v.optional(v.pipe(v.string(), v.regex(/^[\w.-]+\/[\w.-]+$/))),
});

const setSchema = v.strictObject({
  id: words,
  title: words,
  repo: repository,
  revision: v.optional(revision),
  format: words,
  architecture: v.optional(words),
  k: v.optional(whole),
  dSae: v.optional(whole),
  /** Of each dictionary. */
  bytes: v.optional(whole),
  author: v.optional(words),
  year: v.optional(v.pipe(whole, v.minValue(2000))),
  arxiv: v.optional(v.pipe(v.string(), v.regex(/^\d{4}\.\d{4,5}$/))),
  about: v.optional(v.pipe(v.string(), v.url(), v.startsWith('https://'))),
  note: v.optional(words),
  /** Why the files cannot be opened as they are published, and what to do. */
  unreadable: v.optional(words),
  /** Empty where only the repository itself says what it holds. */
  dictionaries: v.array(dictionarySchema),
});

const modelSchema = v.strictObject({
  repo: repository,
  revision: v.optional(revision),
  title: words,
  /** `model_type` of its configuration. */
  family: words,
  parameters: v.optional(whole),
  /** Of the weights. */
  bytes: v.optional(whole),
  license: v.optional(words),
  /** Asks for an account and an accepted licence; `mirror` does not. */
  gated: v.optional(v.boolean(), false),
  mirror: v.optional(repository),
  note: v.optional(words),
  sets: v.array(setSchema),
});

const publishedSchema = v.strictObject({ version: v.literal(1), models: v.array(modelSchema) });

export type PublishedDictionary = v.InferOutput<typeof dictionarySchema>;
export type PublishedSet = v.InferOutput<typeof setSchema>;
export type PublishedModel = v.InferOutput<typeof modelSchema>;

// The part of `catalogue.json` that a visitor chooses by; the engine checks all of it.
const siteFiles = v.array(v.object({ path: v.string(), bytes: v.number() }));
const siteSchema = v.object({
  models: v.array(
    v.object({
      id: v.string(),
      title: v.string(),
      license: v.string(),
      base: v.string(),
      files: siteFiles,
      dictionaries: v.array(
        v.object({
          id: v.string(),
          title: v.string(),
          hook: v.string(),
          dSae: v.number(),
          files: siteFiles,
        }),
      ),
    }),
  ),
});

export type SiteModel = v.InferOutput<typeof siteSchema>['models'][number];

/** @throws FacetError `bad-file` naming the field */
export function parsePublished(json: unknown): PublishedModel[] {
  return parse(publishedSchema, 'published.json', json).models;
}

function parse<Schema extends v.GenericSchema>(
  schema: Schema,
  name: string,
  json: unknown,
): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, json);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new FacetError(
    'bad-file',
    `${name} is wrong at ${v.getDotPath(issue) ?? 'its root'}: ${issue.message}`,
  );
}

async function siteJson(name: string): Promise<unknown> {
  try {
    const response = await fetch(new URL(name, document.baseURI), { credentials: 'omit' });
    if (!response.ok) throw new FacetError('network', `The server answered ${response.status} for ${name}.`);
    return await response.json();
  } catch (thrown) {
    if (thrown instanceof FacetError) throw thrown;
    throw new FacetError('network', `${name} could not be fetched.`, {
      hint: 'Check the connection and try again.',
      cause: thrown,
    });
  }
}

/** Both catalogues, fetched from this site. @throws FacetError `network`, `bad-file` */
export async function loadCatalogues(): Promise<{ site: SiteModel[]; published: PublishedModel[] }> {
  const [site, published] = await Promise.all([siteJson('catalogue.json'), siteJson('published.json')]);
  return {
    site: parse(siteSchema, 'catalogue.json', site).models,
    published: parsePublished(published),
  };
}

export const bytesOf = (files: readonly { bytes: number }[]): number =>
  files.reduce((sum, { bytes }) => sum + bytes, 0);
