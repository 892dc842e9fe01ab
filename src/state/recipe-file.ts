import * as v from 'valibot';
import { recipeSchema } from './recipe.ts';
import { FacetError } from '../shared/errors.ts';

/** A recipe as a file, and as this browser keeps it by name. */
export const FORMAT = 'facet-recipe';
/** Code units of a file; the longest recipe a link can hold is shorter. */
const MAX_FILE = 400_000;
export const MAX_NAME = 80;
export const MAX_KEPT = 50;
const SHELF = 'facet-recipes';

const contents = {
  /** What its features and heads are of. */
  model: v.pipe(v.string(), v.maxLength(500)),
  modelDigest: v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/, 'must be 16 hexadecimal digits')),
  steer: v.pipe(recipeSchema, v.minLength(1, 'must have a step')),
};
const fileSchema = v.object({ format: v.literal(FORMAT), version: v.literal(1), ...contents });
export const keptRecipe = v.object({
  name: v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_NAME)),
  ...contents,
});
const shelfSchema = v.pipe(v.array(keptRecipe), v.maxLength(MAX_KEPT));

export type Recipe = Omit<v.InferOutput<typeof fileSchema>, 'format' | 'version'>;
export type KeptRecipe = v.InferOutput<typeof keptRecipe>;

export function writeRecipe({ model, modelDigest, steer }: Recipe): string {
  return `${JSON.stringify({ format: FORMAT, version: 1, model, modelDigest, steer }, null, 2)}\n`;
}

/** @throws FacetError `bad-input`, saying which part is wrong */
export function readRecipe(text: string): Recipe {
  if (text.length > MAX_FILE) throw refused('is too large for a recipe');
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    throw refused('is not JSON');
  }
  if (typeof found !== 'object' || found === null || !('format' in found) || found.format !== FORMAT)
    throw refused(`is not a recipe of Facet: "format" must be "${FORMAT}"`);
  if ('version' in found && found.version !== 1)
    throw refused(
      'was written by a newer Facet',
      'Reload the page to get the newest, or save the recipe in the older form.',
    );
  const read = v.safeParse(fileSchema, found);
  if (!read.success) {
    const [issue] = read.issues;
    throw refused(`has a wrong part, ${v.getDotPath(issue) ?? 'its whole'}: ${issue.message}`);
  }
  const { model, modelDigest, steer } = read.output;
  return { model, modelDigest, steer };
}

function refused(why: string, hint = 'Choose a file that “Export” wrote here.'): FacetError {
  return new FacetError('bad-input', `The file ${why}.`, { hint });
}

/** What a visitor should know before a recipe of elsewhere is believed; undefined where it was made here. */
export function otherModel(
  { model, modelDigest }: Pick<Recipe, 'model' | 'modelDigest'>,
  open: { id: string; digest: string; title: string } | undefined,
): string | undefined {
  if (!open || modelDigest === open.digest) return undefined;
  return model === open.id
    ? `It was made with other weights of ${model}; its features may not be the same.`
    : `It was made with the model ${model}, and ${open.title} is open: its features, heads and layers are other ones here.`;
}

type Storage = Pick<globalThis.Storage, 'getItem' | 'setItem'>;

/** The recipes kept in this browser; what is damaged there is not read. */
export function keptRecipes(storage: Storage | undefined): KeptRecipe[] {
  try {
    const read = v.safeParse(shelfSchema, JSON.parse(storage?.getItem(SHELF) ?? '[]'));
    return read.success ? read.output : [];
  } catch {
    return [];
  }
}

/**
 * Keeps a recipe under its name, in place of one that had it.
 * @returns all that are kept now, in the order they were kept, newest last
 * @throws FacetError `storage-full` for no room, `bad-input` for too many
 */
export function keepRecipe(storage: Storage | undefined, name: string, recipe: Recipe): KeptRecipe[] {
  const others = keptRecipes(storage).filter((kept) => kept.name !== name);
  if (others.length >= MAX_KEPT)
    throw new FacetError('bad-input', `At most ${MAX_KEPT} recipes are kept in a browser.`, {
      hint: 'Delete one, or export this to a file.',
    });
  return store(storage, [...others, { name, ...recipe }]);
}

/** @throws FacetError `storage-full` */
export function dropRecipe(storage: Storage | undefined, name: string): KeptRecipe[] {
  return store(
    storage,
    keptRecipes(storage).filter((kept) => kept.name !== name),
  );
}

function store(storage: Storage | undefined, kept: KeptRecipe[]): KeptRecipe[] {
  try {
    if (!storage) throw new Error('switched off');
    storage.setItem(SHELF, JSON.stringify(kept));
    return kept;
  } catch (cause) {
    throw new FacetError('storage-full', 'This browser keeps nothing for this page now.', {
      hint: 'Export the recipe to a file instead.',
      cause,
    });
  }
}

/** The browser's storage, where it lets the page have one. */
export function shelf(): Storage | undefined {
  try {
    return globalThis.localStorage;
  } catch {
    return undefined;
  }
}
