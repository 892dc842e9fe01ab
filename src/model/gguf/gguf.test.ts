import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { Tokenizer } from '@huggingface/tokenizers';
import { describe, expect, test } from 'vitest';
import { GgufReader } from '../../library/gguf.ts';
import { inMemory } from '../../library/random-access.ts';
import { toFloat32 } from '../../shared/dtype.ts';
import { FacetError } from '../../shared/errors.ts';
import type { TensorReader } from '../../shared/tensor-file.ts';
import { architectures, fromGguf } from './index.ts';
import type { GgufFile } from './metadata.ts';

const folder = new URL('goldens/', import.meta.url);
const names = readdirSync(folder)
  .filter((name) => !name.endsWith('.json'))
  .sort();

interface Golden {
  config: Record<string, unknown>;
  tensors: Record<string, { shape: number[]; sha256: string }>;
  tokenizer: { size: number; texts: string[]; ids: number[][]; bos: string; addBos: boolean; parts?: object };
}

const golden = (name: string): Golden =>
  JSON.parse(readFileSync(new URL(`${name}/golden.json`, folder), 'utf8')) as Golden;

const open = (name: string): Promise<GgufReader> =>
  GgufReader.open(name, inMemory(new Uint8Array(readFileSync(new URL(`${name}/model.gguf`, folder)))));

/** Values of a tensor as f32, read in parts of so many elements. */
async function values(weights: TensorReader, name: string, part: number): Promise<Float32Array> {
  const { shape, dtype } = weights.info(name)!;
  const count = shape.reduce((product, axis) => product * axis, 1);
  const all = new Float32Array(count);
  for (let from = 0; from < count; from += part) {
    const to = Math.min(count, from + part);
    all.set(toFloat32(await weights.read(name, from, to), dtype), from);
  }
  return all;
}

const sha256 = (data: Float32Array): string =>
  createHash('sha256').update(new Uint8Array(data.buffer)).digest('hex');

async function refusal(file: GgufFile): Promise<FacetError> {
  try {
    await fromGguf(file);
  } catch (error) {
    if (error instanceof FacetError) return error;
    throw error;
  }
  throw new Error('accepted');
}

/** A file with other metadata; `undefined` removes a key. */
function altered(file: GgufFile, changes: Record<string, unknown>, tensors = file.names()): GgufFile {
  const metadata = new Map(file.metadata);
  for (const [key, value] of Object.entries(changes))
    if (value === undefined) metadata.delete(key);
    else metadata.set(key, value);
  return {
    metadata,
    names: () => tensors,
    info: (name) => (tensors.includes(name) ? file.info(name) : undefined),
    read: (name, from, to) => file.read(name, from, to),
  };
}

test('every architecture has a golden', async () => {
  const held = await Promise.all(
    names.map(async (name) => (await open(name)).metadata.get('general.architecture')),
  );
  expect(new Set(held)).toEqual(new Set(architectures.map(({ id }) => id)));
});

describe.each(names)('%s as converted by llama.cpp', (name) => {
  test('tensors have their Hugging Face names, shapes and, to the bit, values', async () => {
    const { weights } = await fromGguf(await open(name));
    const { tensors } = golden(name);
    expect(weights.names().sort()).toEqual(Object.keys(tensors).sort());
    for (const [tensor, { shape, sha256: expected }] of Object.entries(tensors)) {
      expect(weights.info(tensor)!.shape, tensor).toEqual(shape);
      expect(sha256(await values(weights, tensor, Infinity)), tensor).toBe(expected);
    }
  });

  // 37 shares no factor with a row, a head or a block, so that parts begin and end everywhere.
  test.each([37, 512])('the same in parts of %d elements', async (part) => {
    const { weights } = await fromGguf(await open(name));
    for (const [tensor, { sha256: expected }] of Object.entries(golden(name).tensors))
      expect(sha256(await values(weights, tensor, part)), tensor).toBe(expected);
  });

  test('the configuration is that of the original', async () => {
    const { config } = await fromGguf(await open(name));
    expect(config).toMatchObject(golden(name).config);
  });

  test('the tokenizer gives the ids of the original', async () => {
    const { tokenizer } = await fromGguf(await open(name));
    const { size, texts, ids, bos, addBos, parts } = golden(name).tokenizer;
    if (parts) expect(tokenizer.json).toMatchObject(parts);
    const made = new Tokenizer(tokenizer.json as object, tokenizer.config as object);
    for (const [i, text] of texts.entries())
      expect(made.encode(text, { add_special_tokens: false }).ids, JSON.stringify(text)).toEqual(ids[i]);
    // Facet's own tokenizer reads added tokens in a text as the text they are: merges must give the same.
    const json = { ...(tokenizer.json as object), added_tokens: [] };
    const plain = new Tokenizer(json, tokenizer.config as object);
    for (const [i, text] of texts.entries())
      if (!text.includes('<'))
        expect(plain.encode(text, { add_special_tokens: false }).ids, JSON.stringify(text)).toEqual(ids[i]);
    // The last id is padding that the original tokenizer does not have.
    expect([made.id_to_token(size - 1), typeof made.id_to_token(size - 2)]).toEqual([undefined, 'string']);
    const bosId = made.token_to_id(bos)!;
    expect(made.encode('a').ids[0] === bosId).toBe(addBos);
    expect(tokenizer.config).toMatchObject({ bos_token: bos, add_bos_token: addBos });
  });
});

describe('what Facet cannot compute is refused by name', () => {
  test.each([
    ['an architecture', { 'general.architecture': 'mamba' }, 'unsupported', 'mamba'],
    ['a part of a split model', { 'split.count': 2 }, 'unsupported', 'part'],
    ['experts', { 'llama.expert_count': 8 }, 'unsupported', 'experts'],
    ['another scaling', { 'llama.rope.scaling.type': 'yarn' }, 'unsupported', 'yarn'],
    ['partly rotated heads', { 'llama.rope.dimension_count': 4 }, 'unsupported', 'partly rotated'],
    ['another tokenizer', { 'tokenizer.ggml.model': 't5' }, 'unsupported', '"t5"'],
    ['a pre-tokenizer', { 'tokenizer.ggml.pre': 'poro-chat' }, 'unsupported', 'poro-chat'],
    ['no pre-tokenizer', { 'tokenizer.ggml.pre': undefined }, 'unsupported', 'missing'],
    ['a missing key', { 'llama.block_count': undefined }, 'bad-file', 'llama.block_count'],
    ['a key of another type', { 'llama.block_count': '2' }, 'bad-file', 'llama.block_count'],
    ['types of another length', { 'tokenizer.ggml.token_type': new Int32Array(3) }, 'bad-file', 'token_type'],
    ['heads that do not divide', { 'llama.attention.head_count': 5 }, 'bad-file', '5 heads'],
    ['a merge of three', { 'tokenizer.ggml.merges': ['a b c'] }, 'bad-file', 'a b c'],
    [
      'a token twice',
      { 'tokenizer.ggml.tokens': Array.from({ length: 300 }, () => 'x') },
      'bad-file',
      '"x" twice',
    ],
  ])('%s', async (_, changes, code, words) => {
    const file = await open('smollm');
    const count = (file.metadata.get('tokenizer.ggml.tokens') as string[]).length;
    const changed =
      'tokenizer.ggml.tokens' in changes
        ? { 'tokenizer.ggml.tokens': Array.from({ length: count }, () => 'x') }
        : changes;
    const error = await refusal(altered(file, changed));
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(words)]);
  });

  test('a tensor that is not known', async () => {
    const file = await open('smollm');
    const error = await refusal(altered(file, {}, [...file.names(), 'blk.0.attn_rot_embd.weight']));
    expect(error.message).toContain('blk.0.attn_rot_embd.weight');
  });

  test('a tensor of whole numbers', async () => {
    const file = await open('smollm');
    const info: GgufFile['info'] = (name) => ({ ...file.info(name)!, dtype: 'I32' });
    expect((await refusal({ ...altered(file, {}), info })).message).toContain('I32');
  });

  test('frequencies that no Llama 3 scaling gives', async () => {
    const file = await open('llama3');
    const read = async (): Promise<Uint8Array<ArrayBuffer>> =>
      new Uint8Array(Float32Array.of(1, 3, 2, 5, 1, 8, 8, 8).buffer);
    expect((await refusal({ ...altered(file, {}), read })).message).toContain('frequencies');
  });
});

test('a SentencePiece vocabulary may come with merges instead of scores, or with neither', async () => {
  const file = await open('llama');
  const modelOf = async (changes: Record<string, unknown>): Promise<{ merges: unknown[] }> =>
    ((await fromGguf(altered(file, changes))).tokenizer.json as { model: { merges: unknown[] } }).model;
  const { merges } = await modelOf({});
  const listed = (merges as string[][]).map((pair) => pair.join(' '));
  const flat = new Float32Array((file.metadata.get('tokenizer.ggml.scores') as Float32Array).length).fill(
    -1000,
  );
  expect(await modelOf({ 'tokenizer.ggml.scores': flat, 'tokenizer.ggml.merges': listed })).toMatchObject({
    merges: listed,
  });
  expect((await modelOf({ 'tokenizer.ggml.scores': undefined })).merges).toEqual(merges);
  expect((await modelOf({ 'tokenizer.ggml.scores': flat })).merges).toEqual(merges);
});

test('token types may be missing: tokens with a role are control tokens', async () => {
  const file = altered(await open('smollm'), { 'tokenizer.ggml.token_type': undefined });
  const { tokenizer } = await fromGguf(file);
  const { added_tokens: added } = tokenizer.json as { added_tokens: { id: number; special: boolean }[] };
  expect(added.map(({ id, special }) => [id, special])).toEqual([
    [0, true],
    [1, true],
  ]);
});
