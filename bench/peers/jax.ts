import { type Array as JaxArray, DType, init, defaultDevice, jit, lax, nn, numpy as np } from '@jax-js/jax';
import type { Answer, Contender, ModelWork, Prepared } from './contender.ts';
import { type Layout, type Ops, recordModel, ropeTables } from './program.ts';
import type { Values } from './weights.ts';

/** jax-js on WebGPU: one function under `jit`, arrays on the device. */
export async function openJax(): Promise<Contender> {
  const devices = await init('webgpu');
  if (!devices.includes('webgpu')) throw new Error('jax-js finds no WebGPU device');
  defaultDevice('webgpu');
  return {
    name: 'jax-js WebGPU',
    kind: 'webgpu',
    ours: false,
    model: (work) => ({
      jit: async () => {
        const input = work.residual
          ? floats(work.residual, [work.ids.length, work.config.dModel])
          : integers(work.ids, [work.ids.length]);
        const ops = new JaxOps(work);
        const pass = jit((given: JaxArray) => {
          ops.ids = given;
          const whole = recordModel<JaxArray>(ops, work.config, work.residual ? given : undefined);
          return [whole.ref, whole.slice([work.ids.length - 1, work.ids.length])];
        });
        return prepared(
          () => pass(input.ref),
          1,
          () => {
            pass.dispose();
            input.dispose();
            ops.dispose();
          },
          readFirst,
        );
      },
    }),
    encode: ({ tokens, d, latents, k, x, wEnc, bEnc }) => ({
      jit: async () => {
        const held = [floats(x, [tokens, d]), floats(wEnc, [d, latents]), floats(bEnc, [latents])] as const;
        const encode = jit((a: JaxArray, w: JaxArray, b: JaxArray) =>
          lax.topK(nn.relu(np.matmul(a, w).add(b)), k),
        );
        const run = (): JaxArray[] => encode(held[0].ref, held[1].ref, held[2].ref);
        return prepared(
          run,
          0,
          () => held.forEach((array) => array.dispose()),
          async ([values, indices]) => ({
            values: await values!.ref.data(),
            codes: { indices: await indices!.ref.data(), k },
          }),
        );
      },
    }),
    matmul: ({ tokens, d, latents, x, wEnc, bEnc }) => ({
      jit: async () => {
        const held = [floats(x, [tokens, d]), floats(wEnc, [d, latents]), floats(bEnc, [latents])] as const;
        const project = jit((a: JaxArray, w: JaxArray, b: JaxArray) => {
          const whole = np.matmul(a, w).add(b);
          return [whole.ref, whole.slice([tokens - 1, tokens])];
        });
        const run = (): JaxArray[] => project(held[0].ref, held[1].ref, held[2].ref);
        return prepared(run, 1, () => held.forEach((array) => array.dispose()), readFirst);
      },
    }),
    decode: ({ tokens, d, latents, k, indices, values, wDec, bDec }) => ({
      gather: async () => {
        const held = [
          integers(indices, [tokens, k]),
          floats(values, [tokens, k]),
          floats(wDec, [latents, d]),
          floats(bDec, [d]),
        ] as const;
        const decode = jit((at: JaxArray, by: JaxArray, w: JaxArray, b: JaxArray) => {
          const whole = np.einsum('tk,tkd->td', by, np.take(w, at, 0)).add(b);
          return [whole.ref, whole.slice([tokens - 1, tokens])];
        });
        const run = (): JaxArray[] => decode(held[0].ref, held[1].ref, held[2].ref, held[3].ref);
        return prepared(run, 1, () => held.forEach((array) => array.dispose()), readFirst);
      },
    }),
    dispose() {},
  };
}

const readFirst = async ([whole]: JaxArray[]): Promise<Answer> => ({ values: await whole!.ref.data() });

/** @param small index of the first output that is read back when the work is timed */
function prepared(
  run: () => JaxArray[],
  small: number,
  dispose: () => void,
  read: (outputs: JaxArray[]) => Promise<Answer>,
): Prepared {
  return {
    async answer() {
      const outputs = run();
      const answer = await read(outputs);
      outputs.forEach((array) => array.dispose());
      return answer;
    },
    async run() {
      const outputs = run();
      // Reading takes an array over.
      await Promise.all(outputs.slice(small).map((array) => array.data()));
      outputs.slice(0, small).forEach((array) => array.dispose());
    },
    dispose,
  };
}

const floats = (values: Values, shape: readonly number[]): JaxArray =>
  np.array(values, { shape: [...shape] });
const integers = (values: Uint32Array, shape: readonly number[]): JaxArray =>
  np.array(Int32Array.from(values), { shape: [...shape], dtype: DType.Int32 });

/** Activations are [T, width]. Weights and caches are constants of the function, uploaded once. */
class JaxOps implements Ops<JaxArray> {
  ids!: JaxArray;
  readonly #constants = new Map<string, JaxArray>();

  constructor(private readonly work: ModelWork) {}

  #constant(name: string, make: () => { values: Values; shape: readonly number[] }): JaxArray {
    let array = this.#constants.get(name);
    if (!array) {
      const { values, shape } = make();
      array = floats(values, shape);
      this.#constants.set(name, array);
    }
    return array.ref;
  }

  #weight(name: string): JaxArray {
    return this.#constant(name, () => this.work.checkpoint.get(name));
  }

  linear(x: JaxArray, weight: string, layout: Layout, bias?: string): JaxArray {
    const w = this.#weight(weight);
    const product = np.matmul(x.ref, layout === 'nk' ? w.transpose() : w);
    return bias === undefined ? product : product.add(this.#weight(bias));
  }

  layerNorm(x: JaxArray, gain: string, bias: string): JaxArray {
    const { normEps: epsilon } = this.work.config;
    return nn.standardize(x.ref, -1, { epsilon }).mul(this.#weight(gain)).add(this.#weight(bias));
  }

  rmsNorm(x: JaxArray, gain: string): JaxArray {
    const square = np.mean(np.square(x.ref), -1, { keepdims: true }).add(this.work.config.normEps);
    return x.ref.mul(np.reciprocal(np.sqrt(square))).mul(this.#weight(gain));
  }

  gelu(x: JaxArray): JaxArray {
    return nn.gelu(x.ref, { approximate: true });
  }

  silu(x: JaxArray): JaxArray {
    return nn.silu(x.ref);
  }

  add(a: JaxArray, b: JaxArray): JaxArray {
    return a.ref.add(b.ref);
  }

  mul(a: JaxArray, b: JaxArray): JaxArray {
    return a.ref.mul(b.ref);
  }

  embed(table: string, positions?: string): JaxArray {
    const rows = np.take(this.#weight(table), this.ids.ref, 0);
    const first = this.work.cache?.rows ?? 0;
    return positions === undefined
      ? rows
      : rows.add(this.#weight(positions).slice([first, first + this.work.ids.length]));
  }

  attention(qkv: JaxArray, layer: number): JaxArray {
    const { config, ids, cache } = this.work;
    const { nHeads, nKvHeads, dHead } = config;
    const heads = (firstHead: number, count: number): JaxArray =>
      qkv.ref.slice([], [firstHead * dHead, (firstHead + count) * dHead]).reshape([ids.length, count, dHead]);
    const q = this.#turned(heads(0, nHeads));
    let k = this.#turned(heads(nHeads, nKvHeads));
    let v = heads(nHeads + nKvHeads, nKvHeads);
    if (cache) {
      const shape = [cache.rows, nKvHeads, dHead];
      const { k: keys, v: values } = cache.layers[layer]!;
      k = np.concatenate([this.#constant(`keys ${layer}`, () => ({ values: keys, shape })), k], 0);
      v = np.concatenate([this.#constant(`values ${layer}`, () => ({ values, shape })), v], 0);
    }
    const options = { scale: config.attentionScale, isCausal: !cache };
    return nn.dotProductAttention(q, k, v, options).reshape([ids.length, nHeads * dHead]);
  }

  #turned(x: JaxArray): JaxArray {
    const { config, ids, cache } = this.work;
    if (!config.layers[0]!.rope) return x;
    const half = config.dHead / 2;
    const tables = ropeTables(config, cache?.rows ?? 0, ids.length);
    const shape = [ids.length, 1, half];
    const [cos, sin] = (['cos', 'sin'] as const).map(
      (name) => () => this.#constant(name, () => ({ values: tables[name], shape })),
    );
    const low = x.ref.slice([], [], [0, half]);
    const high = x.slice([], [], [half, 2 * half]);
    return np.concatenate(
      [low.ref.mul(cos!()).add(high.ref.mul(sin!()).mul(-1)), high.mul(cos!()).add(low.mul(sin!()))],
      -1,
    );
  }

  dispose(): void {
    for (const array of this.#constants.values()) array.dispose();
  }
}
