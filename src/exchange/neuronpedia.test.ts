import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ScanExample } from '../engine/protocol.ts';
import { FacetError } from '../shared/errors.ts';
import { anyFeatureRecord } from '../testing/any-feature-record.ts';
import type { ExampleAttribution, FeatureRecord } from './feature-record.ts';
import { OWN_LABEL, sourceOf, writeNeuronpedia } from './neuronpedia.ts';
import { readNeuronpedia } from './neuronpedia-read.ts';
import { writeQuantiles } from './sae-vis.ts';

const read = (record: FeatureRecord) => readNeuronpedia(JSON.stringify(writeNeuronpedia(record)));
/** JSON has one zero. */
const same = (value: number): number => value + 0;

test('sources say which hook they are of', () => {
  expect(sourceOf('blocks.8.hook_resid_pre')).toEqual({ layer: '8-res_pre-facet', set: 'res_pre-facet' });
  expect(sourceOf('blocks.11.attn.hook_z').layer).toBe('11-att-facet');
  expect(sourceOf('blocks.0.hook_mlp_out').layer).toBe('0-mlp-facet');
  expect(sourceOf('hook_embed').layer).toBe('0-other-facet');
});

const example: ScanExample = {
  item: 1,
  metadata: [],
  tokens: ['a', ' b'],
  first: 0,
  text: 'a b',
  values: Float32Array.of(0, 3),
  at: 1,
  value: 3,
};
const attributions = new Map<ScanExample, ExampleAttribution>([[example, { values: [0.5, 2.5], target: 1 }]]);
const record: FeatureRecord = {
  feature: 7,
  model: { id: 'tiny', title: 'Tiny', digest: 'aaaa' },
  dictionary: {
    id: 'd',
    title: 'D',
    digest: 'bbbb',
    hook: 'blocks.2.attn.hook_z',
    hookOut: 'blocks.2.attn.hook_z',
    architecture: 'topk',
    dSae: 1024,
    k: 16,
  },
  card: {
    index: 7,
    hook: 'blocks.2.attn.hook_z',
    promoted: [{ id: 1, text: ' cat', logit: 0.5 }],
    suppressed: [{ id: 2, text: ' dog', logit: -1 }],
    neighbours: [{ index: 9, cosine: 0.8 }],
    decoderNorm: 2,
    effects: { edges: Float32Array.of(-1, 0, 1), counts: Uint32Array.of(30, 20) },
  },
  statistics: {
    corpus: 'Mine',
    items: 10,
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
      { kind: 'top', low: 0, high: 4, share: 1, count: 10, exact: true, examples: [example] },
      {
        kind: 'interval',
        low: 2,
        high: 4,
        share: 0.25,
        count: 5,
        exact: true,
        examples: [{ ...example, value: 3 }],
      },
      { kind: 'near-miss', low: 0, high: 1, share: NaN, count: 0, exact: true, examples: [example] },
    ],
  },
  attributions,
  label: 'animals',
  note: '',
  explanations: [
    {
      description: 'pets',
      type: 'oai',
      author: 'gpt',
      source: 's',
      scores: [{ type: 'recall', value: 0.7 }],
    },
  ],
  made: 0,
};

test('a feature is written with the names and in the units of Neuronpedia', () => {
  const file = writeNeuronpedia(record);
  expect(file).toMatchObject({
    modelId: 'tiny',
    layer: '2-att-facet',
    index: '7',
    maxActApprox: 8,
    frac_nonzero: 0.01,
    pos_str: [' cat'],
    pos_values: [0.25],
    neg_str: [' dog'],
    neg_values: [-0.5],
    // Bins that are empty at the ends are left out; values are the middles, times the norm.
    freq_hist_data_bar_values: [3, 6],
    freq_hist_data_bar_heights: [8, 2],
    logits_hist_data_bar_values: [-0.25, 0.25],
    logits_hist_data_bar_heights: [30, 20],
    topkCosSimIndices: [9],
    topkCosSimValues: [0.8],
    facet: { unit: 'decoder-norm-folded', decoderNorm: 2, freq_hist_edges: [2, 4, 8] },
  });
  expect(file.explanations.map(({ description, typeName }) => [description, typeName])).toEqual([
    ['animals', OWN_LABEL],
    ['pets', 'oai'],
  ]);
  expect(file.activations).toEqual([
    {
      tokens: ['a', ' b'],
      values: [0, 6],
      maxValue: 6,
      maxValueTokenIndex: 1,
      minValue: 0,
      binMin: -1,
      binMax: 8,
      binContains: -1,
      dfaValues: [1, 5],
      dfaTargetIndex: 1,
      dfaMaxValue: 5,
    },
    expect.objectContaining({ binMin: 4, binMax: 8, binContains: 0.25 }),
  ]);
});

test('without a card numbers stay in the dictionary’s own units, and the file says so', () => {
  const file = writeNeuronpedia({ ...record, card: undefined });
  expect(file.maxActApprox).toBe(4);
  expect(file.facet.unit).toBe('dictionary');
});

test('what is written is read again', () => {
  fc.assert(
    fc.property(anyFeatureRecord, (any) => {
      const back = read(any);
      const norm = any.card?.decoderNorm ?? 1;
      expect(back.feature).toBe(any.feature);
      expect(back.unit).toBe(any.card ? 'decoder-norm-folded' : 'dictionary');
      expect(back.max).toBe(any.statistics && any.statistics.max * norm);
      const kept = any.card?.promoted.filter(({ logit }) => logit / norm > -10_000) ?? [];
      expect(back.promoted).toEqual(kept.map(({ text, logit }) => ({ text, logit: same(logit / norm) })));
      const examples = (any.examples?.groups ?? [])
        .filter(({ kind }) => kind !== 'near-miss')
        .flatMap((group) => group.examples);
      expect(back.examples.map(({ tokens }) => tokens)).toEqual(examples.map(({ tokens }) => tokens));
      expect(back.examples.map(({ values }) => values)).toEqual(
        examples.map(({ values }) => Array.from(values, (value) => value * norm)),
      );
      const described = [any.label, ...any.explanations.map(({ description }) => description)];
      expect(back.explanations.map(({ description }) => description)).toEqual(
        described.map((one) => one.trim()).filter((one) => one !== ''),
      );
    }),
  );
});

test('attribution and interval come back with their example', () => {
  const [top, interval] = read(record).examples;
  expect(top).toEqual({
    tokens: ['a', ' b'],
    values: [0, 6],
    attribution: { values: [1, 5], target: 1 },
  });
  expect(interval!.interval).toEqual({ low: 4, high: 8, share: 0.25 });
});

test('a feature as Neuronpedia’s API gives it', () => {
  const found = readNeuronpedia(
    JSON.stringify({
      modelId: 'gpt2-small',
      layer: '8-res-jb',
      index: '55',
      maxActApprox: 12.5,
      frac_nonzero: 0.002,
      pos_str: ['Ġcat', 'Ċ', 'bad'],
      pos_values: [1.5, 1.2, -10000],
      neg_str: null,
      neg_values: null,
      topkCosSimIndices: [55, 12, null],
      topkCosSimValues: [1, 0.5, 0.2],
      vector: [1, 2, 3],
      explanations: [
        {
          description: ' cats ',
          typeName: 'oai_token-act-pair',
          explanationModelName: 'gpt-4o-mini',
          scores: [{ value: 0.81, explanationScoreTypeName: 'recall_alt' }, { value: null }],
        },
        { description: null },
      ],
      activations: [{ tokens: ['Ġthe', '▁cat'], values: [0, null], binMin: -1, binMax: 3, binContains: -1 }],
    }),
  );
  expect(found).toMatchObject({
    source: 'gpt2-small/8-res-jb',
    feature: 55,
    unit: 'decoder-norm-folded',
    density: 0.002,
    promoted: [
      { text: ' cat', logit: 1.5 },
      { text: '\n', logit: 1.2 },
    ],
    suppressed: [],
    neighbours: [
      { feature: 55, cosine: 1 },
      { feature: 12, cosine: 0.5 },
    ],
    examples: [{ tokens: [' the', ' cat'], values: [0, 0] }],
  });
  expect(found.explanations).toEqual([
    {
      description: 'cats',
      type: 'oai_token-act-pair',
      author: 'gpt-4o-mini',
      source: 'gpt2-small/8-res-jb',
      scores: [{ type: 'recall_alt', value: 0.81 }],
    },
  ]);
});

test('hostile features are refused with a reason, and never anything but a FacetError', () => {
  const good = writeNeuronpedia(record);
  for (const [change, why] of [
    [{ index: -1 }, /index/],
    [{ index: '1e9' }, /index/],
    [{ modelId: 'x'.repeat(201) }, /modelId/],
    [{ pos_str: Array(101).fill('x') }, /pos_str/],
    [{ activations: [{ tokens: ['a'], values: [] }] }, /1 tokens with 0 values/],
    [{ activations: [{ tokens: Array(1025).fill('a'), values: [] }] }, /activations/],
    [{ activations: 'x' }, /activations/],
  ] as const) {
    expect(() => readNeuronpedia(JSON.stringify({ ...good, ...change }))).toThrow(why);
  }
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), (content) => {
      try {
        readNeuronpedia(content);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(FacetError);
      }
    }),
  );
});

test('quantile layout of sae_vis', () => {
  expect(writeQuantiles(record)).toEqual({
    index: 7,
    examples_quantiles: [
      {
        quantile_name: 'Top activations',
        examples: [{ tokens: ['a', ' b'], tokens_acts_list: [0, 3], train_token_ind: 1 }],
      },
      {
        quantile_name: 'Interval 2.000 - 4.000, contains 25.0%',
        examples: [{ tokens: ['a', ' b'], tokens_acts_list: [0, 3], train_token_ind: 1 }],
      },
      {
        quantile_name: 'Near misses',
        examples: [{ tokens: ['a', ' b'], tokens_acts_list: [0, 3], train_token_ind: 1 }],
      },
    ],
    top_logits: [' cat'],
    bottom_logits: [' dog'],
  });
});
