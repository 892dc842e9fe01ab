import { expect, test } from 'vitest';
import { describeModel } from '../../model/describe.ts';
import { seededChoices, seededValues, seedOf } from './seeded.ts';
import { benchWorkloads, seededModels, tensorValues, tokenIds } from './workloads.ts';

test('ids are plain names, differ, and what stands beside another is there and comes before it', () => {
  const ids = benchWorkloads.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const [at, { id, beside }] of benchWorkloads.entries()) {
    expect(id).toMatch(/^[a-z][a-z0-9-]{0,39}$/);
    if (beside) expect(ids.slice(0, at)).toContain(beside);
  }
});

test('any part of a seeded array is what the whole has there', () => {
  const seed = seedOf('a');
  const whole = seededValues(seed, 1000, { scale: 3, centre: 1 });
  expect(seededValues(seed, 10, { scale: 3, centre: 1, from: 500 })).toEqual(whole.slice(500, 510));
  expect(whole.every((value) => value >= -2 && value < 4)).toBe(true);
  const mean = whole.reduce((sum, value) => sum + value, 0) / whole.length;
  expect(Math.abs(mean - 1)).toBeLessThan(0.2);
  expect(seededValues(seedOf('b'), 10)).not.toEqual(seededValues(seed, 10));
});

// What a second implementation, in Python, gives.
test('the numbers are the same for ever', () => {
  expect([...tokenIds(5, 50_257)]).toEqual([14927, 31890, 35860, 25999, 42048]);
  const [first] = seededModels.gpt2().tensors;
  expect([...tensorValues(first!, 0, 3)].map((value) => value.toFixed(6))).toEqual([
    '-0.031210',
    '-0.016864',
    '0.033253',
  ]);
});

test('chosen features of a token differ', () => {
  const chosen = seededChoices(3, 20, 16, 40);
  for (let row = 0; row < 20; row++) {
    const own = chosen.slice(16 * row, 16 * row + 16);
    expect(new Set(own).size).toBe(16);
    expect(Math.max(...own)).toBeLessThan(40);
  }
});

test('seeded models have just the tensors that their configuration asks for', () => {
  for (const make of Object.values(seededModels)) {
    const { config, tensors } = make();
    const shapes = new Map(tensors.map(({ name, shape }) => [name, shape.join()]));
    const wanted = describeModel(config).specs.flatMap(({ sources, optional }) => (optional ? [] : sources));
    for (const { names, shape } of wanted) {
      const name = names.find((each) => shapes.has(each));
      expect(name, names.join()).toBeDefined();
      expect(shapes.get(name!)).toBe(shape.join());
      shapes.delete(name!);
    }
    expect([...shapes.keys()]).toEqual([]);
  }
});

test('heavy workloads say what their weights take, to 1 %', () => {
  for (const { shape, heavyBytes } of benchWorkloads) {
    if (!('model' in shape) || shape.model === 'open' || shape.model === 'gpt2-block') continue;
    const elements = seededModels[shape.model]().tensors.reduce(
      (sum, tensor) => sum + tensor.shape.reduce((product, size) => product * size, 1),
      0,
    );
    expect(Math.abs(4 * elements - heavyBytes!) / (4 * elements)).toBeLessThan(0.01);
  }
});
