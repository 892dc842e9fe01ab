import fc from 'fast-check';
import type { RecipeScope, RecipeStep } from '../state/recipe.ts';
import {
  ABLATIONS,
  COMPARISONS,
  CORPORA,
  DEFAULT_TEXT,
  FEATURE_TABS,
  FIND_BY,
  HEAD_PARTS,
  MAP_COLOURS,
  OWNERS,
  SORTS,
  TEXT_RANKS,
  TINTS,
  type ViewState,
  WAYS,
  WEIGHTINGS,
  WITHIN,
} from '../state/view-state.ts';

const position = fc.integer({ min: 0, max: 10_000_000 });
const feature = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const share = fc.double({ min: 0, max: 1, noNaN: true }).map((number) => number + 0);
const digest = fc.stringMatching(/^[0-9a-f]{16}$/);
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 400 }),
  // Code units on their own: lone surrogates in every order.
  fc
    .array(fc.integer({ min: 0xd700, max: 0xe0ff }), { maxLength: 40 })
    .map((units) => String.fromCharCode(...units)),
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  fc.constantFrom('', ' ', '%', '%zz', '+', 'a+b &c=d#e?f', 'end.', '\u0000\u0001\u001f\u007f', DEFAULT_TEXT),
);
const selection = fc
  .uniqueArray(fc.integer({ min: 0, max: 5000 }), { maxLength: 40 })
  .map((ends) => ends.sort((a, b) => a - b))
  .map((ends) =>
    Array.from(
      { length: Math.floor(ends.length / 2) },
      (_, i) => [ends[2 * i]!, ends[2 * i + 1]!] as [number, number],
    ),
  );

const dictionary = fc.constantFrom(
  '',
  'none',
  'blocks.2.hook_resid_pre',
  'layer_12/width_16k/canonical',
  `hf:tom-m.c/gpt2@${'9f'.repeat(20)}:sae_group_gpt2_blocks.0.hook_mlp_out_24576:v1`,
  'local:0123456789abcdef:Größe 1/layers.3 (best)',
);
const small = fc.integer({ min: 0, max: 4095 });
const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0);
const trailStep = fc.oneof(
  fc.record({ kind: fc.constant('head' as const), layer: small, head: small, source: position }),
  fc.record({
    kind: fc.constant('feature' as const),
    dictionary: dictionary.filter((id) => id !== ''),
    feature,
  }),
);
const sparseChoice = fc.record(
  {
    layer: fc.option(small),
    heads: fc.option(fc.array(small, { minLength: 1, maxLength: 20 })),
    pattern: fc.constantFrom('causal', 'sliding-window'),
    budget: share,
    parameters: fc.dictionary(fc.constantFrom('window', 'sinks', 'a-b'), finite, { noNullPrototype: true }),
    off: fc.constant(true as const),
  },
  { requiredKeys: ['layer', 'heads', 'pattern', 'parameters'] },
);

const amount = fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((number) => number + 0);
const unit = fc.double({ min: 1e-12, max: 1e9, noNaN: true });
const latent = { dictionary: dictionary.filter((id) => id !== ''), feature };
const aHead = fc.record({ kind: fc.constant('head' as const), layer: small, head: small });
const hook = fc.record({
  kind: fc.constant('hook' as const),
  hook: fc.constantFrom('hook_embed', 'blocks.2.hook_attn_out', 'blocks.10.attn.hook_z'),
});
const anyTarget = fc.oneof(fc.record({ kind: fc.constant('latent' as const), ...latent }), aHead, hook);
const scope: fc.Arbitrary<RecipeScope> = fc.oneof(
  fc.record({ kind: fc.constantFrom('text', 'all', 'special', 'prompt', 'generated') }),
  fc.record({ kind: fc.constant('tokens' as const), ranges: selection.filter(({ length }) => length > 0) }),
);
const common = { scope, off: fc.constant(true as const) };
const recipeStep = fc
  .oneof(
    fc.record({ ...common, kind: fc.constant('add'), ...latent, strength: amount, unit }),
    fc.record({
      ...common,
      kind: fc.constant('add'),
      ...latent,
      strength: amount,
      unit,
      layers: fc.tuple(small, small).map(([a, b]) => [Math.min(a, b), Math.max(a, b)]),
    }),
    fc.record({ ...common, kind: fc.constant('clamp'), ...latent, strength: amount, unit }),
    fc.record({ ...common, kind: fc.constant('scale'), target: anyTarget, factor: amount }),
    fc.record({
      ...common,
      kind: fc.constant('ablate'),
      target: anyTarget,
      with: fc.constantFrom('zero', 'mean'),
    }),
    fc.record({
      ...common,
      kind: fc.constant('patch'),
      target: fc.oneof(aHead, hook),
      text: fc.oneof(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.constantFrom('a~b;c%~', ';~', '%')),
      align: fc.constantFrom('start', 'end'),
    }),
    fc.record({
      ...common,
      kind: fc.constant('splice'),
      dictionary: latent.dictionary,
      error: fc.boolean(),
    }),
  )
  .chain((step) => fc.constantFrom(step, { ...step, off: undefined }))
  .map((step) => JSON.parse(JSON.stringify(step)) as RecipeStep);

/** Any view there can be. */
export const anyView: fc.Arbitrary<ViewState> = fc.record(
  {
    v: fc.constant(1 as const),
    view: fc.constantFrom('explore', 'a-view-2'),
    model: fc.constantFrom(
      '',
      'storyworld-2m',
      'org/name with space',
      `hf:EleutherAI/pythia-70m@${'0a'.repeat(20)}`,
      `hf:o/n@${'0a'.repeat(20)}:model-Q4_K_M.gguf`,
      'local:0123456789abcdef',
    ),
    modelDigest: digest,
    dictionary,
    dictionaryDigest: digest,
    storage: fc.constantFrom('f16', 'f32'),
    look: fc.constant(`hf:a/b@${'0a'.repeat(20)}`),
    text: anyText,
    windowStart: position,
    active: fc.option(position),
    selection,
    feature: fc.option(feature),
    pins: fc.uniqueArray(feature, { maxLength: 50 }),
    sort: fc.constantFrom(...SORTS),
    tint: fc.constantFrom(...TINTS),
    loss: fc.boolean(),
    minValue: fc.double({ min: 0, max: 1e300, noNaN: true }).map((number) => number + 0),
    minDensity: share,
    maxDensity: share,
    layer: fc.option(small),
    head: fc.option(small),
    part: fc.constantFrom(...HEAD_PARTS),
    owned: fc.constantFrom(...OWNERS),
    weighting: fc.constantFrom(...WEIGHTINGS),
    score: fc.constantFrom('', 'induction'),
    way: fc.constantFrom(...WAYS),
    corpus: fc.constantFrom(...CORPORA),
    ablated: fc.uniqueArray(fc.record({ layer: small, head: small }), {
      maxLength: 20,
      selector: ({ layer, head }) => `${layer}.${head}`,
    }),
    ablation: fc.constantFrom(...ABLATIONS),
    trail: fc.array(trailStep, { maxLength: 16 }),
    upstream: dictionary,
    sparse: fc.array(sparseChoice, { maxLength: 20 }),
    blockSize: fc.constantFrom(8, 16, 32),
    steer: fc.array(recipeStep, { maxLength: 8 }),
    temperature: fc.double({ min: 0, max: 10, noNaN: true }).map((number) => number + 0),
    topK: fc.integer({ min: 0, max: 1_000_000 }),
    topP: fc.double({ min: 1e-9, max: 1, noNaN: true }),
    penalty: fc.double({ min: 0.1, max: 10, noNaN: true }),
    seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    newTokens: fc.integer({ min: 1, max: 4096 }),
    frozen: fc.boolean(),
    chat: fc.boolean(),
    system: fc.string({ unit: 'grapheme', maxLength: 100 }),
    swept: fc.option(small),
    effect: fc.constantFrom('', 'feature', 'register-quotes'),
    over: fc.constantFrom('', 'storyworld-7-20000', 'own-0123456789abcdef'),
    versus: fc.constantFrom('', 'storyworld-7-20000', 'own-0123456789abcdef'),
    tab: fc.constantFrom(...FEATURE_TABS),
    by: fc.constantFrom(...FIND_BY),
    find: fc.string({ unit: 'grapheme', maxLength: 100 }),
    against: fc.string({ unit: 'grapheme', maxLength: 100 }),
    rank: fc.constantFrom(...TEXT_RANKS),
    together: fc.array(feature, { maxLength: 8 }),
    without: fc.array(feature, { maxLength: 8 }),
    compare: fc.constantFrom(...COMPARISONS),
    within: fc.constantFrom(...WITHIN),
    other: dictionary,
    colour: fc.constantFrom(...MAP_COLOURS),
    timed: fc.constantFrom(null, [], ['encode-64', 'decode-64']),
    times: fc.stringMatching(/^[\w-]{0,200}$/),
    expect: fc.record({ position, feature, value: finite }),
  },
  {
    requiredKeys: [
      'v', 'view', 'model', 'dictionary', 'text', 'windowStart', 'active', 'selection', 'feature', 'pins',
      'sort', 'tint', 'loss', 'minValue', 'minDensity', 'maxDensity', 'layer', 'head', 'part', 'owned', 'weighting',
      'score', 'way', 'corpus', 'ablated', 'ablation', 'trail', 'upstream', 'sparse', 'blockSize',
      'steer', 'temperature', 'topK', 'topP', 'penalty', 'seed', 'newTokens', 'frozen', 'chat', 'system', 'swept', 'effect',
      'over', 'versus', 'tab', 'by', 'find', 'against', 'rank', 'together', 'without', 'within', 'compare', 'other', 'colour',
      'timed', 'times',
    ], // oxfmt-ignore
  },
);
