import * as v from 'valibot';
import { parseReference } from './reference.ts';

/** A list of interventions as links and files keep it; positions are those of `view-state.ts`. */
export const MAX_STEPS = 32;
/** UTF-16 code units of a text that activations are patched from. */
export const MAX_PATCH_TEXT = 2_000;
export const MAX_SCOPE_RANGES = 32;

const small = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(4095));
const feature = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(2 ** 31 - 1));
const position = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(10_000_000));
const amount = v.pipe(v.number(), v.finite(), v.minValue(-1e6), v.maxValue(1e6));
const unit = v.pipe(v.number(), v.finite(), v.gtValue(0), v.maxValue(1e9));
const dictionary = v.pipe(
  v.string(),
  v.check((text) => parseReference(text) !== undefined, 'must be the reference of a dictionary'),
);
/** Text that can be written out in a link. */
export const wellFormed = (most: number) =>
  v.pipe(
    v.string(),
    v.maxLength(most),
    v.check((text) => text.isWellFormed(), 'must not have lone surrogates'),
  );
const hook = v.pipe(v.string(), v.regex(/^[a-z][\w.]{0,79}$/, 'must be the name of a hook'));
const range = v.pipe(
  v.tuple([position, position]),
  v.check(([from, to]) => from <= to, 'must not run backwards'),
);

export const scopeSchema = v.variant('kind', [
  v.object({ kind: v.picklist(['text', 'all', 'special', 'prompt', 'generated']) }),
  v.object({
    kind: v.literal('tokens'),
    ranges: v.pipe(
      v.array(range),
      v.minLength(1),
      v.maxLength(MAX_SCOPE_RANGES),
      v.check((ranges) => ranges.every(([from], i) => i === 0 || from > ranges[i - 1]![1]), 'must be sorted'),
    ),
  }),
]);
const latent = v.object({ kind: v.literal('latent'), dictionary, feature });
const head = v.object({ kind: v.literal('head'), layer: small, head: small });
const whole = v.object({ kind: v.literal('hook'), hook });

const common = {
  scope: scopeSchema,
  /** Kept in the list but not applied. */
  off: v.optional(v.literal(true)),
};

/** One step; see `Intervention` of the engine for what each does. */
export const stepSchema = v.variant('kind', [
  v.object({
    ...common,
    kind: v.literal('add'),
    dictionary,
    feature,
    strength: amount,
    unit,
    layers: v.optional(
      v.pipe(
        v.tuple([small, small]),
        v.check(([from, to]) => from <= to, 'must not run backwards'),
      ),
    ),
  }),
  v.object({ ...common, kind: v.literal('clamp'), dictionary, feature, strength: amount, unit }),
  v.object({
    ...common,
    kind: v.literal('scale'),
    target: v.variant('kind', [latent, head, whole]),
    factor: amount,
  }),
  v.object({
    ...common,
    kind: v.literal('ablate'),
    target: v.variant('kind', [latent, head, whole]),
    with: v.picklist(['zero', 'mean']),
  }),
  v.object({
    ...common,
    kind: v.literal('patch'),
    target: v.variant('kind', [head, whole]),
    text: wellFormed(MAX_PATCH_TEXT),
    align: v.picklist(['start', 'end']),
  }),
  v.object({ ...common, kind: v.literal('splice'), dictionary, error: v.boolean() }),
]);

export const recipeSchema = v.pipe(v.array(stepSchema), v.maxLength(MAX_STEPS));

export type RecipeStep = v.InferOutput<typeof stepSchema>;
export type RecipeScope = v.InferOutput<typeof scopeSchema>;
export type RecipeTarget = Extract<RecipeStep, { kind: 'scale' }>['target'];
