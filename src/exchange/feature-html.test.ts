import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anyFeatureRecord } from '../testing/any-feature-record.ts';
import { featureHtml, tintStep } from './feature-html.ts';
import { TINT_STEPS } from './feature-html-style.ts';
import type { FeatureRecord } from './feature-record.ts';

const record: FeatureRecord = {
  feature: 7,
  model: { id: 'tiny', title: 'Tiny', digest: 'aaaa' },
  dictionary: {
    id: 'd',
    title: 'A dictionary',
    digest: 'bbbb',
    hook: 'blocks.2.hook_resid_pre',
    hookOut: 'blocks.2.hook_resid_pre',
    architecture: 'topk',
    dSae: 2048,
    k: 24,
  },
  card: {
    index: 7,
    hook: 'blocks.2.hook_resid_pre',
    promoted: [{ id: 1, text: ' cat', logit: 0.5 }],
    suppressed: [{ id: 2, text: '\n', logit: -0.25 }],
    neighbours: [{ index: 9, cosine: 0.8 }],
    decoderNorm: 2,
  },
  statistics: {
    corpus: 'Mine',
    items: 5,
    totalItems: 10,
    tokens: 1000,
    count: 10,
    mean: 1.5,
    max: 4,
    edges: [0.5, 1, 2, 4],
    histogram: [0, 8, 2],
  },
  examples: {
    feature: 7,
    statistics: 's',
    groups: [
      {
        kind: 'top',
        low: 0,
        high: 4,
        share: 1,
        count: 10,
        exact: true,
        examples: [
          {
            item: 3,
            metadata: ['story'],
            tokens: ['The', ' <cat>', ' sat'],
            first: 0,
            text: 'The <cat> sat',
            values: Float32Array.of(0, 4, 1),
            at: 1,
            value: 4,
          },
        ],
      },
    ],
  },
  label: 'cats',
  note: 'first line\nsecond',
  explanations: [],
  link: 'https://facet.test/#/features?f=7',
  made: Date.UTC(2026, 0, 2),
};

test('a page says what it shows and where it comes from', () => {
  const html = featureHtml(record);
  expect(html).toContain('<h1>Feature 7 of blocks.2.hook_resid_pre</h1>');
  expect(html).toContain('Measured on Mine: 1,000 tokens of 5 texts of 10, not all of them.');
  expect(html).toContain('<strong>cats</strong>');
  expect(html).toContain('first line\nsecond');
  expect(html).toContain('Fires on 10 of 1,000 tokens (1.00\u00a0%)');
  expect(html).toContain('<a href="https://facet.test/#/features?f=7" rel="noreferrer">');
  expect(html).toContain('+0.500');
  expect(html).toContain('−0.250');
  // The strongest token is on the last step, the token itself underlined, and what is not active has no tint.
  expect(html).toContain(
    `<p class="text">The<span class="t${TINT_STEPS}" title="4.00"><b> &lt;cat&gt;</b></span>`,
  );
});

test('the histogram has a bar for each bin between the first and the last that is not empty', () => {
  const bars = [...featureHtml(record).matchAll(/<rect [^>]*height="([\d.]+)"><title>([^<]*)</g)];
  expect(bars.map(([, height, what]) => [Number(height), what])).toEqual([
    [90, '1.00 to 2.00: 8 tokens'],
    [22.5, '2.00 to 4.00: 2 tokens'],
  ]);
});

test('a file allows no script and no request', () => {
  const html = featureHtml(record);
  expect(html).toContain("default-src 'none'; style-src 'unsafe-inline'");
  expect(html).not.toMatch(/<script|<link|<img|<iframe|url\(|@import/i);
});

/** Tags and their attributes' names, in order: what a browser would build. */
const structure = (html: string): string[] =>
  [...html.matchAll(/<(?:[^<>"]|"[^"]*")*>/g)].map(([tag]) => tag.replace(/"[^"]*"/g, '""'));

const plain = <Value>(value: Value): Value => {
  if (typeof value === 'string')
    return (value.startsWith('https:') ? 'https://x' : value.startsWith(' ') ? ' x' : value && 'x') as Value;
  if (Array.isArray(value)) return value.map(plain) as Value;
  if (value === null || typeof value !== 'object' || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)])) as Value;
};

test('no text of a model, a corpus or a visitor becomes markup', () => {
  fc.assert(
    fc.property(anyFeatureRecord, (any) => {
      const html = featureHtml(any);
      const kinds = any.examples?.groups.map(({ kind }) => kind) ?? [];
      const harmless = plain(any);
      harmless.examples?.groups.forEach((group, i) => Object.assign(group, { kind: kinds[i] }));
      expect(structure(html)).toEqual(structure(featureHtml(harmless)));
      expect(html).not.toMatch(/<script|javascript:|<img/i);
    }),
  );
});

test('tints follow the value, and only what is active has one', () => {
  expect(tintStep(0, 4)).toBe(0);
  expect(tintStep(-1, 4)).toBe(0);
  expect(tintStep(NaN, 4)).toBe(0);
  expect(tintStep(1e-9, 4)).toBe(1);
  expect(tintStep(4, 4)).toBe(TINT_STEPS);
  expect(tintStep(9, 4)).toBe(TINT_STEPS);
  expect(tintStep(1, 4)).toBeLessThan(tintStep(2, 4));
});
