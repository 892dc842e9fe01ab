import type { Gpu } from '../gpu/gpu.ts';
import gpt2Config from '../model/goldens/gpt2-random/config.json';
import gpt2Weights from '../model/goldens/gpt2-random/model.safetensors?url';
import { Transformer } from '../model/transformer.ts';
import { toFloat32 } from '../shared/dtype.ts';
import type { TensorReader } from '../shared/tensor-file.ts';
import { familyConfig, familyTensors, openUrl } from './family-goldens.ts';

/** Weights of a tiny model as its file has them, turned to [in, out]; norms' gains as they multiply. */
export interface TinyWeights {
  embed: Float64Array;
  unembed: Float64Array;
  finalGain: Float64Array;
  layers: {
    gain: Float64Array;
    /** Of the norm after attention. */
    postGain?: Float64Array;
    /** [d_model, heads · d_head] each, k and v with fewer heads where queries share them. */
    q: Float64Array;
    k: Float64Array;
    v: Float64Array;
    /** [n_heads · d_head, d_model] */
    o: Float64Array;
  }[];
}

export interface TinyModel {
  model: Transformer;
  weights: TinyWeights;
}

export const TINY = ['gpt2', 'llama', 'gemma2'] as const;

export async function tinyModel(gpu: Gpu, name: (typeof TINY)[number]): Promise<TinyModel> {
  const file = name === 'gpt2' ? await openUrl(name, gpt2Weights) : await familyTensors(name);
  const model = await Transformer.load(gpu, name === 'gpt2' ? gpt2Config : familyConfig(name), file);
  return { model, weights: name === 'gpt2' ? await conv1d(file, model) : await decoder(file, model, name) };
}

async function read(file: TensorReader, name: string): Promise<Float64Array> {
  const { dtype } = file.info(name)!;
  return Float64Array.from(toFloat32(await file.read(name), dtype));
}

async function conv1d(file: TensorReader, { config }: Transformer): Promise<TinyWeights> {
  const { dModel: d, nLayers } = config;
  const embed = await read(file, 'transformer.wte.weight');
  const layers = [];
  for (let l = 0; l < nLayers; l++) {
    const fused = await read(file, `transformer.h.${l}.attn.c_attn.weight`);
    const part = (from: number): Float64Array =>
      Float64Array.from({ length: d * d }, (_, i) => fused[Math.floor(i / d) * 3 * d + from * d + (i % d)]!);
    layers.push({
      gain: await read(file, `transformer.h.${l}.ln_1.weight`),
      q: part(0), k: part(1), v: part(2),
      o: await read(file, `transformer.h.${l}.attn.c_proj.weight`),
    }); // oxfmt-ignore
  }
  return { embed, unembed: embed, finalGain: await read(file, 'transformer.ln_f.weight'), layers };
}

async function decoder(file: TensorReader, { config }: Transformer, name: string): Promise<TinyWeights> {
  const { dModel: d, nLayers, embedScale, tied } = config;
  const plus = name === 'gemma2' ? 1 : 0;
  const gain = async (at: string): Promise<Float64Array> =>
    (await read(file, at)).map((value) => value + plus);
  const turned = async (at: string, columns: number): Promise<Float64Array> => {
    const values = await read(file, at);
    const rows = values.length / columns;
    return values.map((_, i) => values[(i % rows) * columns + Math.floor(i / rows)]!);
  };
  const embed = await read(file, 'model.embed_tokens.weight');
  const layers = [];
  for (let l = 0; l < nLayers; l++) {
    const at = `model.layers.${l}`;
    layers.push({
      gain: await gain(`${at}.input_layernorm.weight`),
      postGain: config.sandwich ? await gain(`${at}.post_attention_layernorm.weight`) : undefined,
      q: await turned(`${at}.self_attn.q_proj.weight`, d),
      k: await turned(`${at}.self_attn.k_proj.weight`, d),
      v: await turned(`${at}.self_attn.v_proj.weight`, d),
      o: await turned(`${at}.self_attn.o_proj.weight`, config.nHeads * config.dHead),
    });
  }
  return {
    embed: embed.map((value) => value * embedScale),
    unembed: tied ? embed : await read(file, 'lm_head.weight'),
    finalGain: await gain('model.norm.weight'),
    layers,
  };
}

/** a [n, k] · b [k, m] */
export function times(a: ArrayLike<number>, b: ArrayLike<number>, k: number): Float64Array {
  const [n, m] = [a.length / k, b.length / k];
  const y = new Float64Array(n * m);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < m; j++) for (let c = 0; c < k; c++) y[i * m + j]! += a[i * k + c]! * b[c * m + j]!;
  return y;
}

export function transposed(a: ArrayLike<number>, columns: number): Float64Array {
  const rows = a.length / columns;
  return Float64Array.from(a, (_, i) => a[(i % rows) * columns + Math.floor(i / rows)]!);
}

/** Columns of one head. */
export function headColumns(a: ArrayLike<number>, width: number, head: number, dHead: number): Float64Array {
  return Float64Array.from({ length: (a.length / width) * dHead }, (_, i) => {
    return a[Math.floor(i / dHead) * width + head * dHead + (i % dHead)]!;
  });
}

/** Each row less its mean where the norm centres, times a gain: a norm whose scale is 1. */
export function normed(
  x: Float64Array,
  gain: Float64Array,
  { config }: Pick<Transformer, 'config'>,
): Float64Array {
  const d = gain.length;
  const means = Array.from({ length: x.length / d }, (_, row) =>
    config.norm === 'LN' ? x.subarray(row * d, (row + 1) * d).reduce((sum, value) => sum + value, 0) / d : 0,
  );
  return x.map((value, i) => (value - means[Math.floor(i / d)]!) * gain[i % d]!);
}

/** What rows written by a layer's attention do to the logits, minus the mean over the vocabulary. */
export function toLogits({ model, weights }: TinyModel, layer: number, written: Float64Array): Float64Array {
  const { dModel, dVocab } = model.config;
  const { postGain } = weights.layers[layer]!;
  const x = normed(postGain ? normed(written, postGain, model) : written, weights.finalGain, model);
  const logits = times(x, transposed(weights.unembed, dModel), dModel);
  return logits.map((value, i) => {
    const row = Math.floor(i / dVocab) * dVocab;
    return value - logits.subarray(row, row + dVocab).reduce((sum, each) => sum + each, 0) / dVocab;
  });
}

/** The full circuits of one head: QK · scale and OV, [d_vocab, d_vocab]. */
export function tinyCircuits(
  tiny: TinyModel,
  layer: number,
  head: number,
): { qk: Float64Array; ov: Float64Array } {
  const { model, weights } = tiny;
  const { nHeads, nKvHeads, dHead, dModel, attentionScale } = model.config;
  const own = weights.layers[layer]!;
  const shared = Math.floor((head * nKvHeads) / nHeads);
  const seen = normed(weights.embed, own.gain, model);
  const q = times(seen, headColumns(own.q, nHeads * dHead, head, dHead), dModel);
  const k = times(seen, headColumns(own.k, nKvHeads * dHead, shared, dHead), dModel);
  const v = times(seen, headColumns(own.v, nKvHeads * dHead, shared, dHead), dModel);
  const o = own.o.subarray(head * dHead * dModel, (head + 1) * dHead * dModel);
  return {
    qk: times(q, transposed(k, dHead), dHead).map((value) => value * attentionScale),
    ov: toLogits(tiny, layer, times(v, o, dHead)),
  };
}
