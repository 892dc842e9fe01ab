import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-webgpu';
import type { Answer, Contender, DecodeWork, ModelWork, Prepared } from './contender.ts';
import { headsFirst, type Layout, type Ops, recordModel, ropeTables } from './program.ts';
import type { Values } from './weights.ts';

type Tensor = tf.Tensor;

/** TensorFlow.js on WebGPU, its fused matmul where a bias follows. */
export async function openTfjs(): Promise<Contender> {
  if (!(await tf.setBackend('webgpu'))) throw new Error('TensorFlow.js finds no WebGPU device');
  await tf.ready();
  return {
    name: 'tfjs-backend-webgpu',
    kind: 'webgpu',
    ours: false,
    model: (work) => ({
      fused: async () => {
        const { ids, residual, config } = work;
        const given = residual
          ? tf.tensor(residual, [ids.length, config.dModel])
          : integers(ids, [ids.length]);
        const ops = new TfjsOps(work, given);
        return prepared(
          () => withRow(recordModel<Tensor>(ops, config, residual ? given : undefined)),
          () => [given, ...ops.held()],
        );
      },
    }),
    encode: ({ tokens, d, latents, k, x, wEnc, bEnc }) => ({
      fused: async () => {
        const a = tf.tensor(x, [tokens, d]);
        const b = tf.tensor(wEnc, [d, latents]);
        const bias = tf.tensor(bEnc, [latents]);
        const run = (): Tensor[] => {
          const { values, indices } = tf.topk(tf.fused.matMul({ a, b, bias, activation: 'relu' }), k, true);
          return [values, indices];
        };
        return {
          answer: async () => {
            const [values, indices] = await readAll(tf.tidy(run));
            return { values: values!, codes: { indices: indices!, k } };
          },
          run: () => readAll(tf.tidy(run)),
          dispose: () => [a, b, bias].forEach((tensor) => tensor.dispose()),
        };
      },
    }),
    matmul: ({ tokens, d, latents, x, wEnc, bEnc }) => ({
      fused: async () => {
        const a = tf.tensor(x, [tokens, d]);
        const b = tf.tensor(wEnc, [d, latents]);
        const bias = tf.tensor(bEnc, [latents]);
        return prepared(
          () => withRow(tf.fused.matMul({ a, b, bias })),
          () => [a, b, bias],
        );
      },
    }),
    decode: (work) => ({
      gather: async () => decode(work, 'gather'),
      scatter: async () => decode(work, 'scatter'),
    }),
    dispose() {},
  };
}

async function readAll(tensors: readonly Tensor[]): Promise<(Float32Array | Int32Array)[]> {
  const read = await Promise.all(tensors.map((tensor) => tensor.data()));
  for (const tensor of tensors) tensor.dispose();
  return read;
}

/** The whole result, and its last row. */
function withRow(whole: Tensor): [Tensor, Tensor] {
  const [rows, width] = whole.shape as [number, number];
  return [whole, tf.slice(whole, [rows - 1, 0], [1, width])];
}

function prepared(work: () => [Tensor, Tensor], held: () => Tensor[]): Prepared {
  const run = async (which: 0 | 1): Promise<Answer> => {
    const outputs = tf.tidy(work);
    const values = await outputs[which].data();
    for (const output of outputs) output.dispose();
    return { values };
  };
  return {
    answer: () => run(0),
    run: () => run(1),
    dispose: () => held().forEach((tensor) => tensor.dispose()),
  };
}

const integers = (values: Uint32Array, shape: readonly number[]): Tensor =>
  tf.tensor(Int32Array.from(values), shape, 'int32');

function decode(
  { tokens, d, k, latents, indices, values, wDec, bDec }: DecodeWork,
  way: 'gather' | 'scatter',
): Prepared {
  const at = integers(indices, [tokens, k]);
  const by = tf.tensor(values, [tokens, k]);
  const weights = tf.tensor(wDec, [latents, d]);
  const bias = tf.tensor(bDec, [d]);
  const pairs = integers(
    Uint32Array.from({ length: 2 * tokens * k }, (_, i) =>
      i % 2 === 0 ? Math.floor(i / 2 / k) : indices[i >> 1]!,
    ),
    [tokens * k, 2],
  );
  const sum = (): Tensor => {
    if (way === 'gather') {
      const rows = tf.gather(weights, at);
      return tf.reshape(tf.matMul(tf.reshape(by, [tokens, 1, k]), rows), [tokens, d]);
    }
    return tf.matMul(tf.scatterND(pairs, tf.reshape(by, [tokens * k]), [tokens, latents]), weights);
  };
  return prepared(
    () => withRow(tf.add(sum(), bias)),
    () => [at, by, weights, bias, pairs],
  );
}

/** Activations are [T, width]; heads are brought to the front for attention. */
class TfjsOps implements Ops<Tensor> {
  readonly #constants = new Map<string, Tensor>();

  constructor(
    private readonly work: ModelWork,
    private readonly ids: Tensor,
  ) {}

  held(): Tensor[] {
    return [...this.#constants.values()];
  }

  #constant(name: string, make: () => { values: Values; shape: readonly number[] }): Tensor {
    let tensor = this.#constants.get(name);
    if (!tensor) {
      const { values, shape } = make();
      tensor = tf.keep(tf.tensor(values, shape));
      this.#constants.set(name, tensor);
    }
    return tensor;
  }

  #weight(name: string): Tensor {
    return this.#constant(name, () => this.work.checkpoint.get(name));
  }

  #scalar(value: number): Tensor {
    return this.#constant(String(value), () => ({ values: Float32Array.of(value), shape: [] }));
  }

  linear(x: Tensor, weight: string, layout: Layout, bias?: string): Tensor {
    return tf.fused.matMul({
      a: x,
      b: this.#weight(weight),
      transposeB: layout === 'nk',
      ...(bias !== undefined && { bias: this.#weight(bias) }),
    });
  }

  layerNorm(x: Tensor, gain: string, bias: string): Tensor {
    const centred = tf.sub(x, tf.mean(x, -1, true));
    return tf.add(tf.mul(tf.mul(centred, this.#inverse(centred)), this.#weight(gain)), this.#weight(bias));
  }

  rmsNorm(x: Tensor, gain: string): Tensor {
    return tf.mul(tf.mul(x, this.#inverse(x)), this.#weight(gain));
  }

  #inverse(x: Tensor): Tensor {
    return tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), this.#scalar(this.work.config.normEps)));
  }

  gelu(x: Tensor): Tensor {
    const cubic = tf.add(tf.mul(tf.square(x), this.#scalar(0.044715)), this.#scalar(1));
    const tanh = tf.tanh(tf.mul(tf.mul(x, this.#scalar(Math.sqrt(2 / Math.PI))), cubic));
    return tf.mul(tf.mul(x, this.#scalar(0.5)), tf.add(tanh, this.#scalar(1)));
  }

  silu(x: Tensor): Tensor {
    return tf.mul(x, tf.sigmoid(x));
  }

  add(a: Tensor, b: Tensor): Tensor {
    return tf.add(a, b);
  }

  mul(a: Tensor, b: Tensor): Tensor {
    return tf.mul(a, b);
  }

  embed(table: string, positions?: string): Tensor {
    const rows = tf.gather(this.#weight(table), this.ids);
    if (positions === undefined) return rows;
    const { cache, ids, config } = this.work;
    return tf.add(
      rows,
      tf.slice(this.#weight(positions), [cache?.rows ?? 0, 0], [ids.length, config.dModel]),
    );
  }

  attention(qkv: Tensor, layer: number): Tensor {
    const { config, ids, cache } = this.work;
    const { nHeads, nKvHeads, dHead } = config;
    const length = ids.length;
    const [q, k, v] = tf.split(qkv, [nHeads * dHead, nKvHeads * dHead, nKvHeads * dHead], 1);
    const front = (x: Tensor, heads: number): Tensor =>
      tf.transpose(tf.reshape(x, [length, heads, dHead]), [1, 0, 2]);
    const joined = (part: 'k' | 'v', own: Tensor): Tensor => {
      if (!cache) return own;
      const past = this.#constant(`${part} ${layer}`, () => ({
        values: headsFirst(cache.layers[layer]![part], nKvHeads, dHead),
        shape: [nKvHeads, cache.rows, dHead],
      }));
      return tf.concat([past, own], 1);
    };
    const keys = joined('k', this.#turned(front(k!, nKvHeads)));
    const values = joined('v', front(v!, nKvHeads));
    const group = nHeads / nKvHeads;
    const queries = tf.reshape(this.#turned(front(q!, nHeads)), [nKvHeads, group * length, dHead]);
    const scores = tf.mul(tf.matMul(queries, keys, false, true), this.#scalar(config.attentionScale));
    const masked = length === 1 ? scores : tf.add(scores, this.#mask(group));
    const z = tf.reshape(tf.matMul(tf.softmax(masked), values), [nHeads, length, dHead]);
    return tf.reshape(tf.transpose(z, [1, 0, 2]), [length, nHeads * dHead]);
  }

  #mask(group: number): Tensor {
    const length = this.work.ids.length;
    return this.#constant('mask', () => {
      const values = new Float32Array(group * length * length);
      for (let row = 0; row < group * length; row++)
        values.fill(-1e9, row * length + (row % length) + 1, (row + 1) * length);
      return { values, shape: [1, group * length, length] };
    });
  }

  /** @param x [heads, T, d_head] */
  #turned(x: Tensor): Tensor {
    const { config, ids, cache } = this.work;
    if (!config.layers[0]!.rope) return x;
    const half = config.dHead / 2;
    const table = (name: 'cos' | 'sin'): Tensor =>
      this.#constant(name, () => ({
        values: ropeTables(config, cache?.rows ?? 0, ids.length)[name],
        shape: [1, ids.length, half],
      }));
    const [low, high] = tf.split(x, [half, half], 2);
    const [cos, sin] = [table('cos'), table('sin')];
    return tf.concat(
      [tf.sub(tf.mul(low!, cos), tf.mul(high!, sin)), tf.add(tf.mul(high!, cos), tf.mul(low!, sin))],
      2,
    );
  }
}
