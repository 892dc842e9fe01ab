import fc from 'fast-check';
import type { FeatureRecord } from '../exchange/feature-record.ts';

const finite = fc.float({ noNaN: true, noDefaultInfinity: true }).map(Number);
const positive = fc.float({ min: Math.fround(0.001), max: 1000, noNaN: true }).map(Number);
/** Any text, markup and what draws nothing included. */
export const anyText = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.constantFrom(
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "' onload='x",
    '&lt;',
    '\u202e',
    '',
  ),
);
const effect = fc.record({ id: fc.nat(), text: anyText, logit: finite });
const example = fc
  .array(fc.tuple(anyText, fc.oneof(fc.constant(0), positive)), { minLength: 1, maxLength: 9 })
  .chain((tokens) =>
    fc.record({
      item: fc.nat(),
      metadata: fc.array(anyText, { maxLength: 2 }),
      tokens: fc.constant(tokens.map(([text]) => text)),
      first: fc.nat(),
      text: fc.string({ unit: 'grapheme' }),
      values: fc.constant(Float32Array.from(tokens, ([, value]) => value)),
      at: fc.nat({ max: tokens.length - 1 }),
      value: positive,
    }),
  );
const group = fc.record({
  kind: fc.constantFrom('top' as const, 'interval' as const, 'near-miss' as const),
  low: finite,
  high: finite,
  share: fc.double({ min: 0, max: 1, noNaN: true }),
  count: fc.nat(),
  exact: fc.boolean(),
  examples: fc.array(example, { maxLength: 3 }),
});
const index = fc.nat({ max: 2 ** 31 - 1 });

export const anyFeatureRecord: fc.Arbitrary<FeatureRecord> = fc.record(
  {
    feature: index,
    model: fc.record({ id: anyText, title: anyText, digest: anyText }),
    dictionary: fc.record({
      id: anyText,
      title: anyText,
      digest: anyText,
      hook: fc.constantFrom('blocks.2.hook_resid_pre', 'blocks.11.attn.hook_z', 'blocks.0.hook_mlp_out'),
      hookOut: anyText,
      architecture: anyText,
      dSae: fc.nat(),
      k: fc.nat(),
    }),
    card: fc.record({
      index: fc.nat(),
      hook: anyText,
      promoted: fc.array(effect, { maxLength: 4 }),
      suppressed: fc.array(effect, { maxLength: 4 }),
      neighbours: fc.array(fc.record({ index, cosine: finite }), { maxLength: 4 }),
      decoderNorm: positive,
    }),
    statistics: fc.record({
      corpus: anyText,
      items: fc.nat(),
      totalItems: fc.nat(),
      tokens: fc.nat(),
      count: fc.nat(),
      mean: positive,
      max: positive,
      edges: fc.constant([0.5, 1, 2, 4]),
      histogram: fc.array(fc.nat(), { minLength: 3, maxLength: 3 }),
    }),
    examples: fc.record({
      feature: index,
      statistics: anyText,
      groups: fc.array(group, { maxLength: 3 }),
    }),
    partners: fc.record({
      feature: index,
      sampled: fc.nat(),
      firing: fc.nat(),
      leastTogether: fc.nat(),
      partners: fc.array(
        fc.record({
          feature: index,
          together: fc.nat(),
          firing: fc.nat(),
          share: positive,
          lift: positive,
          jaccard: positive,
        }),
        { maxLength: 3 },
      ),
    }),
    about: fc.record({
      feature: index,
      texts: fc.nat(),
      tokens: fc.nat(),
      firing: fc.nat(),
      metadata: fc.array(
        fc.record({ field: anyText, value: anyText, share: positive, rate: positive, lift: positive }),
        { maxLength: 3 },
      ),
      labels: fc.array(
        fc.record({
          label: anyText,
          tokens: fc.nat(),
          feature: index,
          threshold: positive,
          precision: positive,
          recall: positive,
          f1: positive,
        }),
        { maxLength: 3 },
      ),
    }),
    label: anyText,
    note: anyText,
    explanations: fc.array(
      fc.record({
        description: anyText,
        type: anyText,
        author: anyText,
        source: anyText,
        scores: fc.array(fc.record({ type: anyText, value: finite }), { maxLength: 2 }),
      }),
      { maxLength: 3 },
    ),
    link: fc.constantFrom('https://facet.test/#/features?f=1&x="><b>', 'javascript:alert(1)'),
    made: fc.nat(),
  },
  { requiredKeys: ['feature', 'model', 'dictionary', 'label', 'note', 'explanations', 'made'] },
);
