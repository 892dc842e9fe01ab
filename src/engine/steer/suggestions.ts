import * as v from 'valibot';
import { effects } from '../../analysis/steering/effects.ts';
import type { CatalogueModel } from '../../library/catalogue.ts';
import { FacetError } from '../../shared/errors.ts';
import { catalogueFiles, readOptionalJson } from '../files.ts';
import type { Suggestions } from '../protocol.ts';
import type { Session } from '../session.ts';

/** Beside the weights of a model that the site brings; `bench/suggestions.worker.ts` writes it. */
const FILE = 'steering.json';

const text = v.pipe(v.string(), v.minLength(1), v.maxLength(200));
const digest = v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const finite = v.pipe(v.number(), v.finite());
const share = v.pipe(finite, v.minValue(0), v.maxValue(1));
const latentSchema = v.object({
  dictionary: text,
  dictionaryDigest: digest,
  feature: count,
  effect: v.picklist(effects.map(({ id }) => id)),
  f1: share,
  scope: v.picklist(['all', 'text', 'generated']),
  strength: finite,
  unit: v.pipe(finite, v.minValue(Number.MIN_VALUE)),
  baseRate: share,
  rate: share,
  ratioLow: v.pipe(finite, v.minValue(0)),
  fluencyLoss: v.pipe(finite, v.minValue(-1)),
  selectivity: share,
  tokens: count,
});
const schema = v.object({
  model: text,
  modelDigest: digest,
  method: v.pipe(v.string(), v.maxLength(2_000)),
  latents: v.pipe(v.array(latentSchema), v.maxLength(1_000)),
});

/** See `SteerApi.suggestions`. @throws FacetError `bad-file` naming the field, and as fetching a file */
export async function readSuggestions({ opened, context }: Session): Promise<Suggestions | undefined> {
  const { catalogued, info } = opened;
  if (!catalogued) return undefined;
  const json = await readOptionalJson(catalogueFiles(catalogued, context), FILE);
  return json === undefined ? undefined : parseSuggestions(json, catalogued, info.digest);
}

/**
 * @param json contents of the file, not trusted
 * @returns what was measured with this model and dictionaries that are still the same; undefined when that is nothing
 * @throws FacetError `bad-file` naming the field
 */
export function parseSuggestions(
  json: unknown,
  { dictionaries }: Pick<CatalogueModel, 'dictionaries'>,
  modelDigest: string,
): Suggestions | undefined {
  const parsed = v.safeParse(schema, json);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new FacetError(
      'bad-file',
      `${FILE} is wrong at ${v.getDotPath(issue) ?? 'its root'}: ${issue.message}`,
    );
  }
  const { output } = parsed;
  if (output.modelDigest !== modelDigest) return undefined;
  const latents = output.latents.filter(({ dictionary: id, dictionaryDigest, feature }) => {
    const found = dictionaries.find((each) => each.id === id);
    const weights = found?.files.find(({ path }) => path.endsWith('.safetensors'));
    return found && feature < found.dSae && weights?.sha256.startsWith(dictionaryDigest);
  });
  return latents.length > 0 ? { ...output, latents } : undefined;
}
