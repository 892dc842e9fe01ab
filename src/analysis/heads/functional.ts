import { matmul } from '../../gpu/kernels/matmul.ts';
import type { Tensor } from '../../gpu/tensor.ts';
import { linearBack } from '../../model/linear.ts';
import type { Transformer } from '../../model/transformer.ts';
import type { Rows, Turn } from './rows.ts';

/** A linear function of an activation's row, weights · x + Σ constants. */
export interface Functional {
  weights: Float64Array;
  constants: { what: string; value: number }[];
}

/** What following a functional backwards through a run works with. */
export interface Backwards {
  model: Transformer;
  rows: Rows;
  turn: Turn;
  vector: (name: string) => Float32Array | undefined;
}

/** The model's vectors of these names, read back; those it does not have are left out. */
export async function readVectors(
  { gpu, weights }: Transformer,
  names: readonly string[],
  turn: Turn,
): Promise<(name: string) => Float32Array | undefined> {
  const present = [...new Set(names)].filter((name) => weights.has(name));
  if (present.length === 0) return () => undefined;
  const { arrays } = await turn(() => gpu.batch('vectors').submit(present.map((name) => weights.get(name))));
  const found = new Map(present.map((name, i) => [name, arrays[i] as Float32Array]));
  return (name) => found.get(name);
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>, from = 0): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[from + i]!;
  return sum;
}

/**
 * A functional of what a norm gives as one of what it reads, its scale on that row held fixed.
 * @param gain whether the norm's gain and bias lie in between, as they do everywhere but at `hook_normalized`
 */
export function throughNorm(
  { model, rows, vector }: Backwards,
  weights: Float64Array,
  at: { prefix: string; row: number; gain: boolean },
): Functional {
  const [scale = NaN] = rows.row(`${at.prefix}.hook_scale`, at.row);
  const gain = at.gain ? vector(`${at.prefix}.w`)! : undefined;
  const scaled = weights.map((weight, i) => weight * (gain?.[i] ?? 1));
  const mean =
    model.config.norm === 'LN' ? scaled.reduce((sum, weight) => sum + weight, 0) / scaled.length : 0;
  const bias = at.gain ? vector(`${at.prefix}.b`) : undefined;
  return {
    weights: scaled.map((weight) => (weight - mean) / scale),
    constants: bias ? [{ what: `bias of ${at.prefix}`, value: dot(weights, bias) }] : [],
  };
}

/**
 * A functional of what attention adds to the stream on one row, as functionals of the z of several layers, all heads in a
 * row [n_heads · d_head]; what b_O and a norm's bias bring is constant.
 * @param weights [d_model]
 */
export async function throughOutputs(
  backwards: Backwards,
  layers: readonly number[],
  weights: Float64Array,
  row: number,
): Promise<Functional[]> {
  const { model, turn, vector } = backwards;
  if (layers.length === 0) return [];
  const outs = layers.map((layer): Functional => {
    const prefix = `blocks.${layer}.ln1_post`;
    return model.config.sandwich
      ? throughNorm(backwards, weights, { prefix, row, gain: true })
      : { weights, constants: [] };
  });
  const { arrays } = await turn(() => {
    const batch = model.gpu.batch('through W_O');
    return batch.submit(
      layers.map((layer, i) => {
        const y = batch.input(Float32Array.from(outs[i]!.weights), [1, model.config.dModel]);
        return linearBack(batch, model.weights, `blocks.${layer}.attn.W_O`, y);
      }),
    );
  });
  return layers.map((layer, i) => {
    const { weights: own, constants } = outs[i]!;
    const bias = vector(`blocks.${layer}.attn.b_O`);
    return {
      weights: Float64Array.from(arrays[i]!),
      constants: bias ? [...constants, { what: `b_O of layer ${layer}`, value: dot(own, bias) }] : constants,
    };
  });
}

/** Where the key/value head of a query head begins in `hook_v`. */
export function valueStart({ config }: Transformer, head: number): number {
  return Math.floor(head / (config.nHeads / config.nKvHeads)) * config.dHead;
}

/**
 * The functional of one head's z as one of the residual stream its layer reads, of what it brings from one row: the
 * pattern and the norm's scale held fixed.
 * @param z [d_head]
 */
export async function throughValues(
  backwards: Backwards,
  { layer, head, source, attended }: { layer: number; head: number; source: number; attended: number },
  z: Float64Array,
): Promise<Functional> {
  const { model, turn, vector } = backwards;
  const { nHeads, nKvHeads, dHead } = model.config;
  const width = (nHeads + 2 * nKvHeads) * dHead;
  const start = (nHeads + nKvHeads) * dHead + valueStart(model, head);
  const y = new Float32Array(width);
  y.set(z, start);
  const { arrays } = await turn(() => {
    const batch = model.gpu.batch('through W_V');
    return batch.submit([
      linearBack(batch, model.weights, `blocks.${layer}.attn.W_QKV`, batch.input(y, [1, width])),
    ]);
  });
  const attend = (value: number): number => value * attended;
  const prefix = `blocks.${layer}.ln1`;
  const normed = throughNorm(backwards, Float64Array.from(arrays[0]!, attend), {
    prefix,
    row: source,
    gain: true,
  });
  const bias = vector(`blocks.${layer}.attn.b_QKV`);
  const constants = bias
    ? [...normed.constants, { what: `b_V of head ${layer}.${head}`, value: attend(dot(z, bias, start)) }]
    : normed.constants;
  return { weights: normed.weights, constants };
}

/**
 * What each head brings from each row to functionals of z.
 * @param layers with the functional [n_heads · d_head] of each
 * @returns [H · T] A[row, s] · (v[s] · weights of the head), a layer each
 */
export async function headMatrices(
  { model, rows, turn }: Backwards,
  layers: readonly { layer: number; weights: Float64Array }[],
  row: number,
): Promise<Float64Array[]> {
  if (layers.length === 0) return [];
  const { nHeads, nKvHeads, dHead } = model.config;
  const width = nKvHeads * dHead;
  const { arrays } = await turn(() => {
    const batch = model.gpu.batch('values');
    const products = layers.map(({ layer, weights }): Tensor => {
      // A row for each head, with zeros where other heads' values are.
      const own = new Float32Array(nHeads * width);
      for (let head = 0; head < nHeads; head++)
        own.set(weights.subarray(head * dHead, (head + 1) * dHead), head * width + valueStart(model, head));
      const x = rows.values(layer);
      return matmul(batch, { x, weights: batch.input(own, [nHeads, width]), layout: 'nk' });
    });
    return batch.submit(products);
  });
  return layers.map(({ layer }, i) => {
    const pattern = rows.pattern(layer, row);
    const length = pattern.length / nHeads;
    return Float64Array.from(pattern, (attended, at) => {
      const [head, source] = [Math.floor(at / length), at % length];
      return attended * arrays[i]![source * nHeads + head]!;
    });
  });
}
