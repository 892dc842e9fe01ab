import { describe, expect, test } from 'vitest';
import { CONVERT_CHECKPOINT, modelLayout, quantisation } from './layouts.ts';

const listing = (...paths: string[]) => paths.map((path, i) => ({ path, bytes: i + 1 }));
const HF = ['config.json', 'tokenizer.json'];

describe('which files opening a model needs', () => {
  test('the Hugging Face layout, with what is useful beside it and nothing else', () => {
    const { choices, missing } = modelLayout(
      listing(
        ...HF,
        'model.safetensors',
        'tokenizer_config.json',
        'pytorch_model.bin',
        'README.md',
        'onnx/model.onnx',
        'onnx/config.json',
        'merges.txt',
      ),
    );
    expect(missing).toEqual([]);
    expect(choices).toEqual([
      {
        kind: 'safetensors',
        title: 'safetensors',
        files: ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors'],
        bytes: 1 + 2 + 4 + 3,
      },
    ]);
  });

  test('several files of weights, which must all be there', () => {
    const shards = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
    const index = 'model.safetensors.index.json';
    expect(modelLayout(listing(...HF, index, ...shards)).choices[0]).toMatchObject({
      title: 'safetensors in 2 files',
      files: [...HF, index, ...shards],
    });
    const lacking = modelLayout(listing(...HF, index, shards[1]!));
    expect(lacking.choices).toEqual([]);
    expect(lacking.missing[0]).toMatch(/^model-00001-of-00002\.safetensors: .* 2 files/);
    expect(modelLayout(listing(...HF, ...shards)).missing[0]).toMatch(/^model\.safetensors\.index\.json: /);
    // A count that somebody made up does not fill the memory.
    const odd = modelLayout(listing(...HF, index, 'model-00001-of-99999.safetensors'));
    expect(odd.missing[0]!.length).toBeLessThan(300);
  });

  test('GGUF files to choose from, the most exact first', () => {
    const { choices } = modelLayout(
      listing(
        'm-q4_0.gguf',
        'm.Q8_0.gguf',
        'm-Q4_K_M.gguf',
        'm-00001-of-00002.gguf',
        'mmproj-f16.gguf',
        'x.gguf',
      ),
    );
    expect(choices.map(({ title }) => title)).toEqual([
      'GGUF Q8_0',
      'GGUF Q4_K_M',
      'GGUF Q4_0',
      'GGUF x.gguf',
    ]);
    expect(choices[0]).toMatchObject({ kind: 'gguf', files: ['m.Q8_0.gguf'] });
    // Weights that are not quantised come before.
    expect(modelLayout(listing('a.gguf', ...HF, 'model.safetensors')).choices[0]!.kind).toBe('safetensors');
  });

  test.each([
    ['smollm2-135m-instruct-q8_0.gguf', 'Q8_0'],
    ['SmolLM2.Q4_K_M.gguf', 'Q4_K_M'],
    ['model-f16.gguf', 'F16'],
    ['model-fp16.gguf', 'F16'],
    ['model-BF16.gguf', 'BF16'],
    ['model-IQ2_XXS.gguf', 'IQ2_XXS'],
    ['Q4_1.gguf', 'Q4_1'],
    ['qwen2.gguf', 'qwen2.gguf'],
  ])('%s is %s', (name, kind) => expect(quantisation(name)).toBe(kind));

  test('a part of a repository', () => {
    const paths = [...HF, 'model.safetensors'].map((name) => `sub/${name}`);
    expect(modelLayout(listing(...paths)).choices).toEqual([]);
    expect(modelLayout(listing(...paths), 'sub').choices[0]!.files).toEqual(paths);
  });

  test('says what is missing and how to get it', () => {
    expect(modelLayout(listing(...HF, 'pytorch_model.bin')).missing[0]).toContain(CONVERT_CHECKPOINT);
    expect(modelLayout(listing(...HF, 'ae.pt')).missing[0]).toContain('safetensors');
    expect(modelLayout(listing(...HF, 'other.safetensors')).missing[0]).toContain('rename');
    expect(modelLayout(listing('config.json', 'model.safetensors', 'vocab.json')).missing).toEqual([
      expect.stringMatching(/tokenizer\.json; there is only vocab\.json: python -c/),
    ]);
    expect(modelLayout(listing('a-00001-of-00002.gguf')).missing[0]).toContain('gguf-split');
    expect(modelLayout([]).missing).toHaveLength(3);
  });
});
