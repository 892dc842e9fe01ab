import { expect, test } from 'vitest';
import { inverseFrequencies, ropeTable } from './rope.ts';

test('frequencies fall geometrically from 1', () => {
  expect([...inverseFrequencies({ dims: 8, theta: 10_000 })]).toEqual(
    [1, 0.1, 0.01, 0.001].map((value) => expect.closeTo(value, 7)),
  );
});

test('linear scaling divides every frequency', () => {
  const plain = inverseFrequencies({ dims: 12, theta: 500 });
  const scaled = inverseFrequencies({ dims: 12, theta: 500, scaling: { type: 'linear', factor: 2.5 } });
  scaled.forEach((value, i) => expect(value).toBeCloseTo(plain[i]! / 2.5, 7));
});

// transformers 5.23: LlamaRotaryEmbedding of Llama 3.2 1B (theta 500,000, factor 32, low 1, high 4, 8,192 positions).
test('llama3 scaling keeps fast pairs, slows slow ones and blends between', () => {
  const scaling = {
    type: 'llama3',
    factor: 32,
    lowFreqFactor: 1,
    highFreqFactor: 4,
    originalContext: 8192,
  } as const;
  const ours = inverseFrequencies({ dims: 64, theta: 500_000, scaling });
  const reference: [number, number][] = [
    [0, 1],
    [5, 0.128687382],
    [12, 0.00729266508],
    [14, 0.00321144611],
    [15, 0.00129054801],
    [16, 0.000429556705],
    [17, 9.70828623e-5],
    [18, 1.94616387e-5],
    [20, 8.57025589e-6],
    [31, 9.41830649e-8],
  ];
  reference.forEach(([i, value]) => expect(ours[i]! / value).toBeCloseTo(1, 5));
});

test('the table holds cosine and sine of position times frequency', () => {
  const rope = { dims: 4, theta: 100 };
  const table = ropeTable(rope, 3);
  expect(table).toHaveLength(3 * 2 * 2);
  expect([...table.subarray(0, 4)]).toEqual([1, 0, 1, 0]);
  const expected = [2, 0.2].flatMap((angle) => [Math.cos(angle), Math.sin(angle)]);
  expect([...table.subarray(8)]).toEqual(expected.map((value) => expect.closeTo(value, 6)));
});
