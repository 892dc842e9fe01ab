import { describe, expect, test } from 'vitest';
import { numberToFloat16, toFloat32 } from '../../shared/dtype.ts';
import { FacetError } from '../../shared/errors.ts';
import type { FileDType } from '../../shared/tensor-file.ts';
import { MemoryTensors, tensorBytes } from '../../testing/tensors.ts';
import { wholeTensor } from '../../testing/record-tensors.ts';
import { formatOf } from './index.ts';
import { saeLens } from './sae-lens.ts';

const dIn = 4;
const dSae = 3;
const config = {
  d_in: dIn,
  d_sae: dSae,
  k: 2,
  architecture: 'topk',
  metadata: { hook_name: 'hook_embed', sae_lens_version: '6.54.12' },
};
const values = {
  W_enc: Float32Array.from({ length: dIn * dSae }, (_, i) => i - 5),
  b_enc: Float32Array.of(1, -2, 3),
  // Row lengths 5, 0 and 2.
  W_dec: Float32Array.of(3, 0, 4, 0, 0, 0, 0, 0, 1, 1, -1, 1),
  b_dec: Float32Array.of(0.5, -0.25, 8, 0),
};
const shapes = { W_enc: [dIn, dSae], b_enc: [dSae], W_dec: [dSae, dIn], b_dec: [dIn] };

function file(dtype: FileDType = 'F32'): MemoryTensors {
  const tensors = new MemoryTensors();
  for (const name of ['W_enc', 'b_enc', 'W_dec', 'b_dec'] as const)
    tensors.set(name, values[name], shapes[name], dtype);
  return tensors;
}

const files = (json: unknown, tensors: MemoryTensors) => ({ config: json, weights: tensors, path: '' });

async function readAll(json: object, tensors: MemoryTensors, storage: 'file' | 'f32' = 'file') {
  const record = await saeLens.read(files(json, tensors), storage);
  const entries = await Promise.all(
    [...record.tensors].map(async ([name, tensor]) => [name, await wholeTensor(tensor)] as const),
  );
  return { record, tensors: Object.fromEntries(entries) };
}

async function thrown(json: object, tensors: MemoryTensors): Promise<FacetError> {
  try {
    await saeLens.read(files(json, tensors), 'file');
  } catch (error) {
    if (error instanceof FacetError) return error;
  }
  throw new Error('accepted');
}

describe('SAELens dictionaries', () => {
  test('a configuration is recognised by its keys', () => {
    expect(formatOf(files(config, file()))).toBe(saeLens);
    for (const other of [null, 3, 'cfg', [], { d_in: 4 }])
      expect(() => formatOf(files(other, file()))).toThrow('known format');
  });

  test('F32 tensors stay as they are', async () => {
    const { record, tensors } = await readAll(config, file());
    expect(record).toMatchObject({
      hook: 'hook_embed',
      dIn,
      dSae,
      k: 2,
      architecture: 'topk',
      subtractDecoderBias: true,
    });
    for (const name of ['W_enc', 'b_enc', 'W_dec', 'b_dec'] as const) {
      expect(tensors[name]).toEqual({ data: values[name], shape: shapes[name] });
    }
  });

  test('F16 matrices stay packed, vectors do not', async () => {
    const { tensors } = await readAll(config, file('F16'));
    expect(tensors.W_enc?.data).toEqual(Uint16Array.from(values.W_enc, numberToFloat16));
    expect(tensors.W_dec?.data).toBeInstanceOf(Uint16Array);
    expect(tensors.b_enc?.data).toEqual(values.b_enc);
    expect(tensors.b_dec?.data).toEqual(values.b_dec);
  });

  test.each(['F16', 'BF16'] as const)('%s widens when asked to', async (dtype) => {
    const { tensors } = await readAll(config, file(dtype), 'f32');
    expect(tensors.W_enc?.data).toEqual(values.W_enc);
    expect(tensors.W_dec?.data).toEqual(values.W_dec);
  });

  test('BF16 matrices stay packed', async () => {
    const { record, tensors } = await readAll(config, file('BF16'));
    expect(tensors.W_enc?.data).toEqual(new Uint16Array(tensorBytes(values.W_enc, 'BF16').buffer));
    expect(record.tensors.get('W_dec')?.dtype).toBe('bf16');
    expect(tensors.b_enc?.data).toEqual(values.b_enc);
  });

  test('factors from finetuning that the configuration does not know of are not passed over', async () => {
    const factors = (value: number): MemoryTensors =>
      file().set('scaling_factor', new Float32Array(dSae).fill(value), [dSae]);
    const { tensors } = await readAll(config, factors(1));
    expect(tensors.W_dec?.data).toEqual(values.W_dec);
    await expect(readAll(config, factors(2))).rejects.toThrow('finetuning_scaling_factor');
    const { tensors: scaled } = await readAll({ ...config, finetuning_scaling_factor: true }, factors(2));
    expect(scaled.W_dec?.data).toEqual(values.W_dec.map((value) => value * 2));
  });

  test.each(['F32', 'F16'] as const)('decoder norms are folded in: %s', async (dtype) => {
    const { tensors } = await readAll({ ...config, rescale_acts_by_decoder_norm: true }, file(dtype));
    const norms = [5, 0, 2];
    expect(tensors.W_enc?.data).toEqual(values.W_enc.map((value, i) => value * norms[i % dSae]!));
    expect(tensors.b_enc?.data).toEqual(Float32Array.of(5, -0, 6));
    expect(tensors.W_dec?.data).toEqual(Float32Array.of(3 / 5, 0, 4 / 5, 0, 0, 0, 0, 0, 0.5, 0.5, -0.5, 0.5));
    expect(tensors.b_dec?.data).toEqual(values.b_dec);
  });

  test('apply_b_dec_to_input false', async () => {
    const { record } = await readAll({ ...config, apply_b_dec_to_input: false }, file());
    expect(record.subtractDecoderBias).toBe(false);
  });

  test('nothing is read before it is called for', async () => {
    const tensors = file();
    await saeLens.read(files(config, tensors), 'file');
    expect(tensors.reads).toEqual([]);
  });

  test('architectures without a file of their own are refused by name', async () => {
    const error = await thrown({ ...config, architecture: 'matching_pursuit' }, file());
    expect(error.code).toBe('unsupported');
    expect(error.message).toContain('"matching_pursuit"');
    expect(error.hint).toContain('topk');
  });

  test('a missing tensor, a wrong shape and a foreign type are named', async () => {
    const missing = new MemoryTensors().set('W_enc', values.W_enc, shapes.W_enc);
    expect((await thrown(config, missing)).message).toBe('The weights file has no tensor "b_enc".');
    const turned = file().set('W_dec', values.W_dec, [dIn, dSae]);
    expect((await thrown(config, turned)).message).toBe(
      'Tensor "W_dec" has shape [4, 3]; cfg.json says [3, 4].',
    );
    const whole = file().set('b_enc', values.b_enc, [dSae], 'I32');
    expect(await thrown(config, whole)).toMatchObject({
      code: 'unsupported',
      message: 'Tensor "b_enc" is of type I32.',
    });
  });

  test('a reader that returns too few bytes is caught', async () => {
    const tensors = file();
    tensors.read = async () => new Uint8Array(7);
    const record = await saeLens.read(files(config, tensors), 'file');
    await expect(wholeTensor(record.tensors.get('b_dec')!)).rejects.toThrow('7 bytes instead of 16');
  });

  test('test bytes are what they claim', () => {
    for (const dtype of ['F32', 'F16', 'BF16'] as const) {
      expect(toFloat32(tensorBytes(values.W_enc, dtype), dtype)).toEqual(values.W_enc);
    }
  });
});
