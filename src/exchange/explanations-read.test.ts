import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FacetError } from '../shared/errors.ts';
import {
  otherSource,
  type ReadExplanations,
  readExplanationLines,
  readExplanations,
} from './explanations-read.ts';

const row = (index: number | string, description: string, more: object = {}) => ({
  id: 'clx',
  modelId: 'gpt2-small',
  layer: '8-res-jb',
  index,
  description,
  authorId: 'x',
  typeName: 'oai_token-act-pair',
  explanationModelName: 'gpt-3.5-turbo',
  embedding: [0.1, 0.2],
  ...more,
});
const listed = ({ sources }: ReadExplanations) =>
  [...sources].map(([source, all]) => [
    source,
    all.map(({ feature, explanation }) => [feature, explanation.description]),
  ]);

function streamOf(bytes: Uint8Array, cuts: readonly number[] = []): ReadableStream<Uint8Array<ArrayBuffer>> {
  const ends = [...cuts.map((cut) => Math.floor(cut * bytes.length)), bytes.length].sort((a, b) => a - b);
  let from = 0;
  return new ReadableStream({
    start(controller) {
      for (const end of ends) {
        controller.enqueue(Uint8Array.from(bytes.subarray(from, end)));
        from = end;
      }
      controller.close();
    },
  });
}

const rows = [row('0', 'über cats 🐈'), row(12, 'dogs'), row('3', 'birds', { layer: '9-res-jb' })];
const lines = `${rows.map((one) => JSON.stringify(one)).join('\r\n')}\n`;
const expected = [
  [
    'gpt2-small/8-res-jb',
    [
      [0, 'über cats 🐈'],
      [12, 'dogs'],
    ],
  ],
  ['gpt2-small/9-res-jb', [[3, 'birds']]],
];

test('an array, lines, and compressed lines cut anywhere are the same explanations', async () => {
  expect(listed(readExplanations(JSON.stringify(rows)))).toEqual(expected);
  expect(listed(readExplanations(`\ufeff ${JSON.stringify(rows, null, 2)}`))).toEqual(expected);
  expect(listed(readExplanations(lines))).toEqual(expected);
  const bytes = new TextEncoder().encode(lines);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 }),
      fc.boolean(),
      async (cuts, gzip) => {
        const found = await readExplanationLines(streamOf(gzip ? gzipSync(bytes) : bytes, cuts), gzip);
        expect(listed(found)).toEqual(expected);
      },
    ),
    { numRuns: 40 },
  );
});

test('author, kind and scores come along, embeddings do not', () => {
  const scores = [{ value: 0.5, explanationScoreTypeName: 'recall_alt', jsonDetails: 'x' }, { value: null }];
  const found = readExplanations(JSON.stringify([row(1, 'x', { scores })]));
  expect([...found.sources.values()][0]).toEqual([
    {
      feature: 1,
      explanation: {
        description: 'x',
        type: 'oai_token-act-pair',
        author: 'gpt-3.5-turbo',
        source: 'gpt2-small/8-res-jb',
        scores: [{ type: 'recall_alt', value: 0.5 }],
      },
    },
  ]);
});

test('rows that cannot be used are counted and listed, the rest is used', () => {
  const bad = [row(-1, 'x'), row(2, ''), row(2, 'y'.repeat(10_001)), { description: 'no index' }];
  const content = [
    ...bad.map((one) => JSON.stringify(one)),
    'not json',
    '"text"',
    JSON.stringify(row(1, 'good')),
  ];
  const found = readExplanations(content.join('\n'));
  expect(listed(found)).toEqual([['gpt2-small/8-res-jb', [[1, 'good']]]]);
  expect(found).toMatchObject({ rows: 7, skipped: 6 });
  expect(found.first.map(({ row: at }) => at)).toEqual([1, 2, 3, 4, 5, 6]);
  const many = readExplanations(`${'x\n'.repeat(100)}${JSON.stringify(row(1, 'good'))}`);
  expect(many.skipped).toBe(100);
  expect(many.first).toHaveLength(20);
});

test('what holds no explanations is refused by name', async () => {
  expect(() => readExplanations('')).toThrow('holds no explanations');
  expect(() => readExplanations('[]')).toThrow('holds no explanations');
  expect(() => readExplanations('[{"index": 1}]')).toThrow('none of 1 rows is one (It has no description.)');
  expect(() => readExplanations('{"format":"facet-notes"}')).toThrow('none of 1 rows');
  await expect(readExplanationLines(streamOf(new TextEncoder().encode(lines)), true)).rejects.toThrow(
    'cannot be unpacked',
  );
  const cut = gzipSync(lines);
  await expect(readExplanationLines(streamOf(cut.subarray(0, 30)), true)).rejects.toThrow(FacetError);
  // A small file that unpacks to one endless line.
  const bomb = gzipSync('x'.repeat(5_000_000));
  await expect(readExplanationLines(streamOf(bomb), true)).rejects.toThrow('a line that is too long');
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), (content) => {
      expect(() => readExplanations(content)).toThrow(FacetError);
    }),
  );
});

test('explanations of another place are told', () => {
  const open = { hook: 'blocks.8.hook_resid_pre', dSae: 10 };
  expect(otherSource('gpt2-small/8-res-jb', open)).toBeUndefined();
  expect(otherSource('gpt2-small/9-res-jb', open)).toContain('reads layer 8');
  expect(otherSource('gpt2-small/8-att-kk', open)).toContain('blocks.8.hook_resid_pre');
  expect(otherSource('gpt2-small/8-res-jb', { hook: 'blocks.8.attn.hook_z', dSae: 10 })).toContain(
    'residual',
  );
  expect(otherSource('', open)).toBeUndefined();
});
