import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { inMemory } from '../../library/random-access.ts';
import { NpzReader } from '../../library/npz.ts';
import { SafetensorsReader } from '../../library/safetensors.ts';
import type { FacetError } from '../../shared/errors.ts';
import { wholeTensor } from '../../testing/record-tensors.ts';
import { MemoryTensors } from '../../testing/tensors.ts';
import attention from '../goldens/attention-output.json';
import learning from '../goldens/dictionary-learning.json';
import scope2 from '../goldens/gemma-scope-2.json';
import scope from '../goldens/gemma-scope.json';
import openai from '../goldens/openai.json';
import sparsify from '../goldens/sparsify.json';
import type { FormatFiles } from './format.ts';
import { formatOf, formats } from './index.ts';

interface Golden {
  name: string;
  config: unknown;
  path: string;
  repository: string | null;
  weights: string;
}

async function filesOf({ config, path, repository, weights }: Golden): Promise<FormatFiles> {
  const bytes = Uint8Array.from(atob(weights), (character) => character.charCodeAt(0));
  const reader = await SafetensorsReader.open(path, inMemory(bytes));
  return { config: config ?? undefined, weights: reader, path, repository: repository ?? undefined };
}

async function refusal(golden: Golden, change: Partial<FormatFiles>): Promise<FacetError> {
  const files = { ...(await filesOf(golden)), ...change };
  try {
    await formatOf(files).read(files, 'file');
  } catch (error) {
    return error as FacetError;
  }
  throw new Error('accepted');
}

describe('where dictionaries read and write', () => {
  test.each([
    ...[
      ['blocks.3.hook_resid_post'],
      ['blocks.2.hook_mlp_out'],
      ['blocks.1.hook_attn_out'],
      ['hook_embed'],
      ['blocks.1.mlp.hook_in', 'blocks.1.hook_mlp_out'],
      ['blocks.1.mlp.hook_in', 'blocks.1.hook_mlp_out'],
      ['blocks.1.mlp.hook_in', 'blocks.1.hook_mlp_out'],
    ].map((hooks, i) => [sparsify[i]!, 'SmolLM2-135M', hooks] as const),
    ...[
      'resid_post',
      'mlp_out',
      'attn_out',
      'resid_post',
      'resid_post',
      'resid_pre',
      'resid_post',
      'resid_post',
    ].map((hook, i) => [learning[i]!, 'EleutherAI/pythia-70m-deduped', [`blocks.3.hook_${hook}`]] as const),
    [scope[0]!, 'gemma-2-2b', ['blocks.12.hook_resid_post']],
    [scope[1]!, 'gemma-2-2b', ['blocks.3.hook_mlp_out']],
    [scope[2]!, 'gemma-2-9b', ['blocks.0.attn.hook_z']],
    [scope[3]!, 'gemma-2-2b', ['blocks.4.ln2.hook_normalized', 'blocks.4.hook_mlp_out']],
    [scope[4]!, 'gemma-2-2b', ['hook_embed']],
    [scope2[0]!, 'gemma-3-270m-pt', ['blocks.5.hook_resid_post']],
    [scope2[1]!, 'gemma-3-270m-pt', ['blocks.5.attn.hook_z']],
    [scope2[2]!, 'gemma-3-270m-pt', ['blocks.5.hook_mlp_out']],
    [scope2[3]!, 'gemma-3-270m-pt', ['blocks.5.mlp.hook_in', 'blocks.5.hook_mlp_out']],
    [scope2[4]!, 'gemma-3-270m-pt', ['blocks.5.mlp.hook_in', 'blocks.5.hook_mlp_out']],
    [scope2[5]!, 'gemma-3-270m-pt', ['blocks.5.hook_resid_post']],
    [openai[0]!, 'gpt2-small', ['blocks.6.hook_resid_post']],
    [openai[1]!, 'gpt2-small', ['blocks.6.hook_attn_out']],
    [openai[2]!, 'gpt2-small', ['blocks.6.mlp.hook_post']],
    [attention[0]!, 'gpt2-small', ['blocks.7.attn.hook_z']],
  ] as const)('%#', async (golden, modelName, [hook, hookOut = hook]) => {
    const files = await filesOf(golden);
    const record = await formatOf(files).read(files, 'file');
    expect(record).toMatchObject({ hook, hookOut, source: { modelName } });
  });

  test('every format is tried on every golden, and only its own claims it', async () => {
    for (const golden of [sparsify, learning, scope, scope2, openai, attention].map(([first]) => first!)) {
      const files = await filesOf(golden);
      expect(formats.filter((format) => format.matches(files)).length, golden.name).toBe(1);
    }
  });
});

test('sparsify: transcoders that do not say so are known by the connection or the name', async () => {
  const { config, ...old } = sparsify[6]!;
  const read = async (change: object, repository: string) => {
    const files = await filesOf({ ...old, config: { ...config, ...change }, repository });
    const { hook, subtractDecoderBias } = await formatOf(files).read(files, 'file');
    return [hook, subtractDecoderBias];
  };
  const [mlpIn, mlpOut] = ['blocks.1.mlp.hook_in', 'blocks.1.hook_mlp_out'];
  expect(await read({ skip_connection: false }, 'EleutherAI/Transcoder-x-8x')).toEqual([mlpIn, true]);
  expect(await read({}, '')).toEqual([mlpIn, true]);
  expect(await read({ skip_connection: false }, 'EleutherAI/sae-x-8x')).toEqual([mlpOut, true]);
  expect(await read({ transcode: false }, 'EleutherAI/skip-transcoder-x-8x')).toEqual([mlpOut, true]);
  expect(await read({ transcode: true }, '')).toEqual([mlpIn, false]);
});

test('a published npz file is read as it is', async () => {
  const bytes = new Uint8Array(await readFile(new URL('../goldens/gemma-scope/params.npz', import.meta.url)));
  const [first] = scope;
  const files = await filesOf(first!);
  const npz = { ...files, weights: await NpzReader.open('params.npz', inMemory(bytes)) };
  const [ours, theirs] = await Promise.all([npz, files].map((each) => formatOf(each).read(each, 'file')));
  expect([...ours!.tensors.keys()]).toEqual([...theirs!.tensors.keys()]);
  for (const [name, tensor] of ours!.tensors)
    expect(await wholeTensor(tensor), name).toEqual(await wholeTensor(theirs!.tensors.get(name)!));
});

describe('what is refused', () => {
  test('sparsify', async () => {
    const [topk] = sparsify;
    const config = (change: object) => ({ config: { ...topk!.config, ...change } });
    expect((await refusal(topk!, config({ signed: true }))).message).toContain('either sign');
    expect((await refusal(topk!, config({ activation: 'softmax' }))).message).toContain('softmax');
    expect((await refusal(topk!, config({ k: 400 }))).code).toBe('bad-file');
    expect((await refusal(topk!, config({ num_latents: 2 ** 30 }))).code).toBe('unsupported');
    expect((await refusal(topk!, { path: 'layers.3.input_layernorm/sae.safetensors' })).message).toContain(
      'input_layernorm',
    );
    expect((await refusal(topk!, { path: '' })).hint).toContain('layers.3');
    // The MLP's own output is not what `hook_mlp_out` has in a model that normalises it first.
    const gemma = { repository: 'x/sae-gemma-2-2b-8x', path: 'layers.3.mlp/sae.safetensors' };
    expect((await refusal(topk!, gemma)).code).toBe('unsupported');
  });

  test('dictionary_learning', async () => {
    const topk = learning[4]!;
    const trainer = (change: object) => ({ config: { trainer: { ...topk.config.trainer, ...change } } });
    expect((await refusal(topk, trainer({ dict_class: 'CrossCoder' }))).message).toContain('CrossCoder');
    expect((await refusal(topk, trainer({ dict_class: 'constructor' }))).code).toBe('unsupported');
    expect((await refusal(topk, trainer({ k: null }))).message).toContain('trainer.k');
    expect((await refusal(topk, trainer({ layer: null }))).message).toContain('trainer.layer');
    expect((await refusal(topk, trainer({ submodule_name: 'router' }))).message).toContain('router');
    expect((await refusal(topk, trainer({ dict_size: 99 }))).message).toContain('config.json says');
  });

  test('Gemma Scope without its folders', async () => {
    const [first] = scope;
    for (const change of [
      { path: 'params.npz' },
      { repository: 'somebody/else' },
      { repository: undefined },
    ]) {
      expect((await refusal(first!, change)).hint).toContain('gemma-scope-2b-pt-res');
    }
    const local = { ...(await filesOf(first!)), repository: undefined };
    const path = `gemma-scope-2b-pt-res/${first!.path}`;
    expect((await formatOf(local).read({ ...local, path }, 'file')).hook).toBe('blocks.12.hook_resid_post');
  });

  test('Gemma Scope 2', async () => {
    const [first] = scope2;
    const config = (change: object) => ({ config: { ...first!.config, ...change } });
    expect((await refusal(first!, config({ type: 'clt' }))).message).toContain('several layers');
    expect((await refusal(first!, config({ architecture: 'topk' }))).message).toContain('topk');
    expect(
      (await refusal(first!, config({ hf_hook_point_in: 'model.layers.3.router.output' }))).message,
    ).toContain('router');
    expect((await refusal(first!, config({ affine_connection: true }))).message).toContain('affine');
    expect((await refusal(first!, { config: undefined, path: 'params.safetensors' })).hint).toContain(
      'config.json',
    );
  });

  test('OpenAI', async () => {
    const relu = openai[2]!;
    const moved = { path: 'resid_post_mlp_v5_32k/autoencoders/6.safetensors' };
    expect((await refusal(relu, moved)).message).toContain('activation.k');
    expect((await refusal(relu, { path: '6.safetensors' })).hint).toContain('autoencoders/6');
  });

  test('attention output', async () => {
    const [first] = attention;
    const config = { ...first!.config, act_name: 'blocks.7.hook_resid_post' };
    expect((await refusal(first!, { config })).message).toContain('hook_resid_post');
  });

  test('files that are no dictionary', async () => {
    const files = {
      weights: new MemoryTensors().set('wte.weight', new Float32Array(4), [2, 2]),
      path: 'model.safetensors',
    };
    expect(() => formatOf(files)).toThrow('known format');
    expect(() => formatOf({ ...files, config: { model_type: 'gpt2' } })).toThrow('known format');
  });
});
