import * as v from 'valibot';
import { MOST_INTERVENTIONS } from '../../analysis/steering/intervention.ts';
import { FacetError } from '../../shared/errors.ts';
import type { Asked, FileSet } from '../protocol.ts';

/** Far beyond any use, and far below what f32 holds even when multiplied. */
const MOST_AMOUNT = 1e6;
const MOST_RANGES = 1_024;
const MOST_CHARACTERS = 2 ** 20;

const index = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const amount = v.pipe(v.number(), v.finite(), v.minValue(-MOST_AMOUNT), v.maxValue(MOST_AMOUNT));
const unit = v.pipe(v.number(), v.finite(), v.gtValue(0), v.maxValue(MOST_AMOUNT));
// What is behind a reference is looked at when it is opened.
const dictionary = v.custom<string | FileSet>(
  (given) =>
    typeof given === 'string' ||
    (typeof given === 'object' && given !== null && 'id' in given && 'files' in given),
  'a dictionary is named by its id, or given by its files',
);
const range = v.pipe(
  v.tuple([index, index]),
  v.check(([first, last]) => first <= last, 'a range ends before it begins'),
);

const scope = v.variant('kind', [
  ...(['text', 'all', 'special', 'prompt', 'generated'] as const).map((kind) =>
    v.object({ kind: v.literal(kind) }),
  ),
  v.object({
    kind: v.literal('rows'),
    ranges: v.pipe(
      v.array(range),
      v.maxLength(MOST_RANGES),
      v.check(
        (ranges) => ranges.every(([first], i) => i === 0 || first > ranges[i - 1]![1]),
        'ranges of rows must be sorted, and none may overlap',
      ),
    ),
  }),
]);

const head = v.object({ kind: v.literal('head'), layer: index, head: index });
const hook = v.object({ kind: v.literal('hook'), hook: v.pipe(v.string(), v.maxLength(200)) });
const latent = v.object({ kind: v.literal('latent'), dictionary, feature: index });
const target = v.variant('kind', [latent, head, hook]);
const sized = { scope, dictionary, feature: index, strength: amount, unit };

const schema = v.pipe(
  v.array(
    v.variant('kind', [
      v.object({ kind: v.literal('add'), ...sized, layers: v.optional(range) }),
      v.object({ kind: v.literal('clamp'), ...sized }),
      v.object({ kind: v.literal('scale'), scope, target, factor: amount }),
      v.object({ kind: v.literal('ablate'), scope, target, with: v.picklist(['zero', 'mean']) }),
      v.object({
        kind: v.literal('patch'),
        scope,
        target: v.variant('kind', [head, hook]),
        text: v.pipe(v.string(), v.maxLength(MOST_CHARACTERS)),
        align: v.picklist(['start', 'end']),
      }),
      v.object({ kind: v.literal('splice'), scope, dictionary, error: v.boolean() }),
    ]),
  ),
  v.maxLength(MOST_INTERVENTIONS),
);

/** Interventions as a page sent them, which may send anything. @throws FacetError `bad-input` saying what is wrong where */
export function checkAsked(asked: unknown): Asked[] {
  const checked = v.safeParse(schema, asked);
  if (checked.success) return checked.output;
  const [issue] = checked.issues;
  const at = v.getDotPath(issue);
  throw new FacetError(
    'bad-input',
    `These interventions cannot be run: ${at ? `${at}: ` : ''}${issue.message}.`,
    { hint: `At most ${MOST_INTERVENTIONS} act at once; strengths are finite numbers, units above 0.` },
  );
}
