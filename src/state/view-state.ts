import * as v from 'valibot';
import { recipeSchema, wellFormed } from './recipe.ts';
import { parseReference } from './reference.ts';

/**
 * Everything the address bar keeps: a link is exactly one of these. Bump `VERSION` and add a step to
 * `link-migrations.ts` when a field changes meaning; a new optional field needs neither.
 *
 * Positions: 0 is the beginning-of-text token, i + 1 is token i of the whole text. They depend neither on the window nor
 * on the model: one that reads no beginning-of-text token has nothing at position 0.
 */
export const VERSION = 1;

/** UTF-16 code units of a prompt the page accepts; longer text is cut with a note. */
export const MAX_TEXT = 2_000_000;
export const MAX_PINS = 50;
export const MAX_RANGES = 64;

export const SORTS = ['value', 'sum', 'mean', 'max', 'contrast', 'index'] as const;
export const TINTS = ['auto', 'strongest', 'telling', 'loss', 'none'] as const;

const whole = (max: number) => v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(max));
const finite = v.pipe(v.number(), v.finite());
const reference = v.pipe(
  v.string(),
  v.minLength(1),
  v.check(
    (text) => parseReference(text) !== undefined,
    'must be a plain name, hf:owner/name@revision or local:digest',
  ),
);
const digest = v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/, 'must be 16 hexadecimal digits'));
const position = whole(10_000_000);
const feature = whole(2 ** 31 - 1);
const small = whole(4095);
const name = v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,39}$/, 'must be a short name'));
const range = v.pipe(
  v.tuple([position, position]),
  v.check(([from, to]) => from <= to, 'must not run backwards'),
);

export const MAX_TRAIL = 16;
/** One step into the sources of an activation; see `TrailStep`. Sources are positions. */
const trailStep = v.variant('kind', [
  v.object({ kind: v.literal('head'), layer: small, head: small, source: position }),
  v.object({ kind: v.literal('feature'), dictionary: reference, feature }),
]);
/** Heads under a sparse pattern; `null` stands for all layers, or all heads of a layer. */
const sparseChoice = v.object({
  layer: v.nullable(small),
  heads: v.nullable(v.pipe(v.array(small), v.minLength(1), v.maxLength(256))),
  pattern: name,
  /** Share of the causal blocks to visit. */
  budget: v.optional(v.pipe(finite, v.minValue(0), v.maxValue(1))),
  parameters: v.optional(
    v.pipe(
      v.record(name, finite),
      v.check((all) => Object.keys(all).length <= 8),
    ),
    {},
  ),
  /** Kept in the list but not applied. */
  off: v.optional(v.literal(true)),
});

export const HEAD_PARTS = ['pattern', 'features', 'roles', 'circuits', 'sparse'] as const;
export const OWNERS = ['half', 'largest'] as const;
export const WEIGHTINGS = ['attention', 'value', 'scores'] as const;
/** From the chosen token: what it looks at, or who looks at it. */
export const WAYS = ['keys', 'queries'] as const;
export const CORPORA = ['storyworld', 'text'] as const;
export const ABLATIONS = ['mean', 'zero'] as const;
export const MAX_ABLATED = 64;
/** Tokens a side of the blocks that sparse patterns are made of. */
export const BLOCK_SIZES = [8, 16, 32] as const;
export const MAX_SPARSE = 64;

export const MAX_NEW_TOKENS = 4096;

/** What the Features view shows while no feature is open. */
export const FEATURE_TABS = ['list', 'search', 'compare', 'map', 'labels'] as const;
export const FIND_BY = ['text', 'token', 'label', 'together'] as const;
export const TEXT_RANKS = ['total', 'max', 'contrast', 'specificity'] as const;
/** Whether features fire together on one token, or anywhere in a text. */
export const WITHIN = ['token', 'text'] as const;
export const COMPARISONS = ['texts', 'corpora', 'dictionaries'] as const;
export const MAP_COLOURS = ['rate', 'mean', 'max', 'found', 'group'] as const;
export const MAX_FIND = 2_000;
export const MAX_TOGETHER = 8;
export const MAX_TIMED = 64;
/** Characters of packed times in a link. */
export const MAX_TIMES = 8_000;
/** See `corpusId`; empty: the Storyworld sample a feature is first shown with. */
const corpusName = v.pipe(
  v.string(),
  v.regex(/^(|storyworld-\d{1,10}-\d{1,7}|own-[0-9a-f]{16})$/, 'must be the name of a corpus'),
);

export const viewStateSchema = v.object({
  v: v.literal(VERSION),
  /** Id of a view of `views/registry.ts`. */
  view: v.optional(
    v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,39}$/, 'must be the name of a view')),
    'explore',
  ),
  /**
   * See `reference.ts`; the empty string stands for the first model of the catalogue. A path names one weights file of a
   * set that has several.
   */
  model: v.optional(v.union([v.literal(''), reference]), ''),
  modelDigest: v.optional(digest),
  /**
   * See `reference.ts`; `none` opens the model without one. The empty string stands for the first dictionary the
   * catalogue has for the model.
   */
  dictionary: v.optional(v.union([v.literal(''), reference]), ''),
  dictionaryDigest: v.optional(digest),
  text: v.pipe(v.string(), v.maxLength(MAX_TEXT)),
  /** First token of the text that is read, when it is longer than the context. */
  windowStart: v.optional(position, 0),
  /** The position whose prediction is shown and from which the keyboard walks; `null`: none yet. */
  active: v.optional(v.nullable(position), null),
  /** Brushed positions: sorted, disjoint, inclusive ranges. Empty: the active position alone. */
  selection: v.optional(
    v.pipe(
      v.array(range),
      v.maxLength(MAX_RANGES),
      v.check((ranges) => ranges.every(([from], i) => i === 0 || from > ranges[i - 1]![1]), 'must be sorted'),
    ),
    [],
  ),
  /** How weights are kept on the GPU: as the file has them when absent. f16 rounds, so numbers depend on it. */
  storage: v.optional(v.picklist(['f16', 'f32'])),
  /** What the Models view shows the page of. Only named by it: nothing is fetched before the visitor asks. */
  look: v.optional(reference),
  feature: v.optional(v.nullable(feature), null),
  pins: v.optional(
    v.pipe(
      v.array(feature),
      v.maxLength(MAX_PINS),
      v.check((pins) => new Set(pins).size === pins.length, 'must not repeat'),
    ),
    [],
  ),
  sort: v.optional(v.picklist(SORTS), 'value'),
  tint: v.optional(v.picklist(TINTS), 'auto'),
  /** Underline tokens by their loss. */
  loss: v.optional(v.boolean(), false),
  /** Hide features below this value (in the sort's units). */
  minValue: v.optional(v.pipe(finite, v.minValue(0)), 0),
  /** Hide features that fire on fewer (more) of the sample's tokens than this share. */
  minDensity: v.optional(v.pipe(finite, v.minValue(0), v.maxValue(1)), 0),
  maxDensity: v.optional(v.pipe(finite, v.minValue(0), v.maxValue(1)), 1),
  /** The layer, and the head of it, that the Heads view shows; a layer alone stands for its average. */
  layer: v.optional(v.nullable(small), null),
  head: v.optional(v.nullable(small), null),
  /** Which part of a head's page. */
  part: v.optional(v.picklist(HEAD_PARTS), 'pattern'),
  /** Which latents count as a head's: see `RolesRequest.owned`. */
  owned: v.optional(v.picklist(OWNERS), 'half'),
  /** What a pattern shows. */
  weighting: v.optional(v.picklist(WEIGHTINGS), 'attention'),
  /** Id of the score that colours the heads; empty: the first. */
  score: v.optional(v.union([v.literal(''), name]), ''),
  way: v.optional(v.picklist(WAYS), 'keys'),
  /** What heads are scored over: a Storyworld sample, or the text. */
  corpus: v.optional(v.picklist(CORPORA), 'storyworld'),
  /** Heads ablated together on the text, and what their z becomes. */
  ablated: v.optional(
    v.pipe(
      v.array(v.object({ layer: small, head: small })),
      v.maxLength(MAX_ABLATED),
      v.check(
        (all) => new Set(all.map(({ layer, head }) => `${layer}.${head}`)).size === all.length,
        'must not repeat',
      ),
    ),
    [],
  ),
  ablation: v.optional(v.picklist(ABLATIONS), 'mean'),
  /** From the feature at the active position inward. */
  trail: v.optional(v.pipe(v.array(trailStep), v.maxLength(MAX_TRAIL)), []),
  /** Dictionary whose features a residual stream is split into. */
  upstream: v.optional(v.union([v.literal(''), reference]), ''),
  sparse: v.optional(v.pipe(v.array(sparseChoice), v.maxLength(MAX_SPARSE)), []),
  blockSize: v.optional(v.picklist(BLOCK_SIZES), 16),
  /** Interventions of the Steering view. */
  steer: v.optional(recipeSchema, []),
  /** How its texts are generated: see `Sampling` of the engine. */
  temperature: v.optional(v.pipe(finite, v.minValue(0), v.maxValue(10)), 0.7),
  topK: v.optional(whole(1_000_000), 0),
  topP: v.optional(v.pipe(finite, v.gtValue(0), v.maxValue(1)), 1),
  penalty: v.optional(v.pipe(finite, v.minValue(0.1), v.maxValue(10)), 1),
  seed: v.optional(whole(2 ** 32 - 1), 1),
  /** Tokens to generate. */
  newTokens: v.optional(v.pipe(whole(MAX_NEW_TOKENS), v.minValue(1)), 40),
  /** A third text, steered with frozen attention. */
  frozen: v.optional(v.boolean(), true),
  /** The text is what the user says in a chat, through the model's template. */
  chat: v.optional(v.boolean(), false),
  system: v.optional(wellFormed(2_000), ''),
  /** Which step of the recipe is swept, and what for: an id of the engine's `effects`, or `feature`. */
  swept: v.optional(v.nullable(small), null),
  effect: v.optional(v.union([v.literal(''), name]), ''),
  /** The texts that features are shown over, and those they are compared with. */
  over: v.optional(corpusName, ''),
  versus: v.optional(corpusName, ''),
  tab: v.optional(v.picklist(FEATURE_TABS), 'list'),
  /** What is looked for, and how. */
  by: v.optional(v.picklist(FIND_BY), 'text'),
  find: v.optional(wellFormed(MAX_FIND), ''),
  /** The text a text is contrasted with. */
  against: v.optional(wellFormed(MAX_FIND), ''),
  rank: v.optional(v.picklist(TEXT_RANKS), 'total'),
  /** Features that must fire together, and those that must not fire there. */
  together: v.optional(v.pipe(v.array(feature), v.maxLength(MAX_TOGETHER)), []),
  without: v.optional(v.pipe(v.array(feature), v.maxLength(MAX_TOGETHER)), []),
  within: v.optional(v.picklist(WITHIN), 'token'),
  compare: v.optional(v.picklist(COMPARISONS), 'texts'),
  /** The dictionary that the current one is compared with. */
  other: v.optional(v.union([v.literal(''), reference]), ''),
  colour: v.optional(v.picklist(MAP_COLOURS), 'rate'),
  /** Which workloads the Speed view times; `null`: the usual ones. */
  timed: v.optional(v.nullable(v.pipe(v.array(name), v.maxLength(MAX_TIMED))), null),
  /** Times somebody else took, packed; see `state/speed.ts`. */
  times: v.optional(v.pipe(v.string(), v.maxLength(MAX_TIMES), v.regex(/^[\w-]*$/, 'must be packed')), ''),
  /** What the sender saw: the strongest feature at a position. Checked against what is computed here. */
  expect: v.optional(v.object({ position, feature, value: finite })),
});

export type ViewState = v.InferOutput<typeof viewStateSchema>;
export type PositionRange = ViewState['selection'][number];
export type Sort = ViewState['sort'];
export type Tint = ViewState['tint'];
export type TrailStep = ViewState['trail'][number];
export type SparseChoice = ViewState['sparse'][number];

// Within what the bundled model knows: a story, then an indirect object whose answer is Anna.
export const DEFAULT_TEXT =
  'In a tiny house near the library lived a boy named Max. But then he lost his map. This made him lonely. After Robert and Anna left the park, Robert brought a book to Anna.';
export const defaultView: ViewState = v.parse(viewStateSchema, { v: VERSION, text: DEFAULT_TEXT });
