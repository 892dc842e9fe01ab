import * as v from 'valibot';
import { FacetError } from '../../shared/errors.ts';
import type { MatchRequest, TextSearchRequest, TogetherRequest, TokenSearchRequest } from '../protocol.ts';

const MOST_CHARACTERS = 20_000;
const MOST_FOUND = 200_000;
const MOST_TOGETHER = 8;
const MOST_EXAMPLES = 100;
const MOST_ITEMS = 10_000;

const upTo = (most: number) => v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(most));
const text = v.pipe(
  v.string(),
  v.maxLength(MOST_CHARACTERS, `a text has at most ${MOST_CHARACTERS.toLocaleString('en')} characters`),
);
const several = v.pipe(
  v.array(v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
  v.maxLength(MOST_TOGETHER),
);
// What is in it is looked at when it is opened.
const corpus = v.looseObject({ kind: v.picklist(['storyworld', 'own']) });

const schemas = {
  text: v.object({
    text,
    against: v.optional(text),
    rank: v.picklist(['total', 'max', 'contrast', 'specificity']),
    rates: v.optional(v.instance(Float32Array)),
    most: upTo(MOST_FOUND),
  }),
  token: v.object({
    token: v.pipe(v.string(), v.minLength(1, 'there is no text'), v.maxLength(MOST_CHARACTERS)),
    order: v.picklist(['promoted', 'suppressed']),
    most: upTo(MOST_FOUND),
  }),
  together: v.object({
    corpus,
    within: v.picklist(['token', 'text']),
    all: v.pipe(several, v.minLength(1, 'name at least one feature that must fire')),
    none: several,
    most: upTo(MOST_EXAMPLES),
  }),
  match: v.object({
    other: v.custom<MatchRequest['other']>(
      (given) => typeof given === 'string' || (typeof given === 'object' && given !== null && 'id' in given),
      'a dictionary is named by its id, or given by its files',
    ),
    corpus: v.optional(corpus),
    items: v.optional(upTo(MOST_ITEMS)),
  }),
};

interface Requests {
  text: TextSearchRequest;
  token: TokenSearchRequest;
  together: TogetherRequest;
  match: MatchRequest;
}

/** A request as a page sent it, which may send anything. @throws FacetError `bad-input` saying what is wrong where */
export function checkSearch<Kind extends keyof Requests>(kind: Kind, request: Requests[Kind]): void {
  const checked = v.safeParse(schemas[kind], request);
  if (checked.success) return;
  const [issue] = checked.issues;
  const at = v.getDotPath(issue);
  throw new FacetError('bad-input', `This cannot be searched for: ${at ? `${at}: ` : ''}${issue.message}.`);
}

/** @throws FacetError `bad-input` for a feature the dictionary does not have */
export function checkFeatures(features: readonly number[], dSae: number): void {
  const beyond = features.find((feature) => feature >= dSae);
  if (beyond === undefined) return;
  throw new FacetError('bad-input', `There is no feature ${beyond}; this dictionary has ${dSae}, from 0.`);
}
