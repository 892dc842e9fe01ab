import { expect, test } from 'vitest';
import { MemoryTensors } from '../testing/tensors.ts';
import type { WeightSpec } from './families/family.ts';
import { planWeights } from './weight-plan.ts';

const matrix = (rows: number, columns: number, names = ['a']): WeightSpec => ({
  name: 'W',
  sources: [{ names, shape: [rows, columns] }],
  shape: [rows, columns],
  kind: 'matrix',
  layout: 'nk',
});
const file = (): MemoryTensors => new MemoryTensors().set('a', new Float32Array(40), [10, 4]);

test('the first name present serves', () => {
  const [planned] = planWeights(file(), [matrix(10, 4, ['b', 'a'])], 'file', 1e9);
  expect(planned).toMatchObject({
    sources: [{ tensor: 'a', rows: 10, firstRow: 0 }],
    dtype: 'f32',
    cuts: [0, 10],
  });
});

test('a matrix is cut where a binding ends, and only by whole rows', () => {
  const cuts = (most: number) => planWeights(file(), [matrix(10, 4)], 'file', most)[0]!.cuts;
  expect(cuts(160)).toEqual([0, 10]);
  expect(cuts(159)).toEqual([0, 8, 10]);
  expect(cuts(64)).toEqual([0, 4, 8, 10]);
  expect(() => cuts(15)).toThrow('GPU buffer');
  const whole = { ...matrix(10, 4), layout: 'kn' } as const;
  expect(() => planWeights(file(), [whole], 'file', 159)).toThrow('W needs a GPU buffer');
});

test('what does not fit the configuration is refused before anything is read', () => {
  expect(() => planWeights(file(), [matrix(10, 4, ['b', 'c'])], 'file', 1e9)).toThrow('"b" or "c"');
  expect(() => planWeights(file(), [matrix(4, 10)], 'file', 1e9)).toThrow(
    '[10, 4]; config.json says [4, 10]',
  );
  const integers = file();
  integers.info = () => ({ dtype: 'I32', shape: [10, 4] });
  expect(() => planWeights(integers, [matrix(10, 4)], 'file', 1e9)).toThrow('I32');
  expect(planWeights(file(), [{ ...matrix(1, 4, ['b']), optional: true }], 'file', 1e9)).toEqual([]);
});

test('a tied unembedding: the embedding where there is no other, and planned on a condition beside it', () => {
  const tied = { ...matrix(10, 4), twin: { ...matrix(10, 4, ['head']), name: 'W_U', optional: true } };
  const head = new MemoryTensors().set('head', new Float32Array(40), [10, 4]);
  const tensors = (reader: MemoryTensors) =>
    planWeights(reader, [tied], 'file', 1e9).map(({ spec, sources, unless }) => [
      spec.name,
      sources[0]!.tensor,
      unless?.tensor,
    ]);
  expect(tensors(file())).toEqual([['W', 'a', undefined]]);
  expect(tensors(head)).toEqual([['W', 'head', undefined]]);
  expect(tensors(head.set('a', new Float32Array(40), [10, 4]))).toEqual([
    ['W', 'a', undefined],
    ['W_U', 'head', 'a'],
  ]);
  expect(() => planWeights(new MemoryTensors(), [tied], 'file', 1e9)).toThrow('no tensor "a"');
});

test('storage by type of the file, vectors always f32', () => {
  const typed = (dtype: 'F32' | 'F16' | 'BF16') =>
    new MemoryTensors().set('a', new Float32Array(40), [10, 4], dtype);
  const stored = (dtype: 'F32' | 'F16' | 'BF16', storage: 'file' | 'f32' | 'f16') =>
    planWeights(typed(dtype), [matrix(10, 4)], storage, 1e9)[0]!.dtype;
  expect((['F32', 'F16', 'BF16'] as const).map((dtype) => stored(dtype, 'file'))).toEqual([
    'f32',
    'f16',
    'bf16',
  ]);
  expect((['F32', 'F16', 'BF16'] as const).map((dtype) => stored(dtype, 'f16'))).toEqual([
    'f16',
    'f16',
    'f16',
  ]);
  expect(stored('BF16', 'f32')).toBe('f32');
  const vector = { ...matrix(10, 4), kind: 'vector' } as const;
  expect(planWeights(typed('F16'), [vector], 'f16', 1e9)[0]!.dtype).toBe('f32');
});

test('sources of different types are widened', () => {
  const tensors = new MemoryTensors()
    .set('a', new Float32Array(40), [10, 4], 'F16')
    .set('b', new Float32Array(8), [2, 4], 'BF16');
  const sources = [...matrix(10, 4).sources, ...matrix(2, 4, ['b']).sources];
  const [planned] = planWeights(tensors, [{ ...matrix(12, 4), sources }], 'file', 1e9);
  expect(planned).toMatchObject({
    dtype: 'f32',
    sources: [{ firstRow: 0 }, { firstRow: 10, dtype: 'BF16' }],
  });
});

test('a layer may have buffers and towers the runtime does without, and no other unknown tensors', () => {
  const plan = (name: string) =>
    planWeights(file().set(name, new Float32Array(4), [1, 4]), [matrix(10, 4)], 'file', 1e9);
  for (const name of [
    'h.0.attn.bias',
    'transformer.h.3.attn.attention.masked_bias',
    'gpt_neox.layers.0.attention.rotary_emb.inv_freq',
    'vision_tower.vision_model.encoder.layers.0.mlp.fc1.weight',
    'lm_head.weight',
  ])
    expect(plan(name)).toHaveLength(1);
  for (const name of [
    'model.layers.0.self_attn.q_norm.weight',
    'h.12.ln_1.weight',
    'layers.0.mlp.experts.1.up_proj.weight',
  ])
    expect(() => plan(name)).toThrow('does not speak of');
});
