import { activationReference } from '../../gpu/reference/activation.ts';
import { isPacked, type Tensor } from '../../gpu/tensor.ts';
import type { ModelConfig } from '../../model/config.ts';
import { ropeTable } from '../../model/rope.ts';
import type { Transformer } from '../../model/transformer.ts';
import { unembedding } from '../../model/unembed.ts';
import { toFloat32 } from '../../shared/dtype.ts';
import type { BenchContext } from './prepared.ts';

/** Bytes of a matrix read back at a time. */
const READ_BYTES = 2 ** 23;
/** Multiply-adds between two looks at whether to stop. */
const PAUSE_EVERY = 2 ** 25;

/** [rows, width] row-major. */
interface Rows {
  data: Float64Array;
  width: number;
}

type Runs = Pick<BenchContext, 'turn' | 'pause'>;

/**
 * A model in plain arithmetic of 64 bits, with the weights that are on the device: what the kernels' answers are held
 * against. Slow; a few rows of a large model, or all of a small one.
 */
export class PlainModel {
  readonly #config: ModelConfig;
  #sincePause = 0;

  constructor(
    private readonly model: Transformer,
    private readonly runs: Runs,
  ) {
    this.#config = model.config;
  }

  /** @returns [T, d_vocab] */
  async logits(ids: Uint32Array): Promise<Float64Array> {
    const { embedScale, learnedPositions, dModel, nLayers, logitCap } = this.#config;
    const tokens = await this.#rowsAt('embed.W_E', ids);
    const places = learnedPositions
      ? await this.#rowsAt(
          'pos_embed.W_pos',
          Uint32Array.from(ids, (_, t) => t),
        )
      : undefined;
    let x: Rows = {
      data: Float64Array.from(tokens, (value, i) => value * embedScale + (places?.[i] ?? 0)),
      width: dModel,
    };
    for (let layer = 0; layer < nLayers; layer++) x = await this.#block(layer, x);
    const { data } = await this.#times(await this.#norm('ln_final', x), unembedding(this.model.weights));
    return logitCap ? data.map((value) => logitCap * Math.tanh(value / logitCap)) : data;
  }

  /** One block on its own. @param residual [T, d_model] `hook_resid_pre` @returns `hook_resid_post` */
  async block(layer: number, residual: ArrayLike<number>): Promise<Float64Array> {
    const { dModel: width } = this.#config;
    return (await this.#block(layer, { data: Float64Array.from(residual), width })).data;
  }

  async #block(layer: number, x: Rows): Promise<Rows> {
    const { parallel, sandwich, gated, activation, dMlp } = this.#config;
    const name = (part: string): string => `blocks.${layer}.${part}`;
    const after = async (prefix: string, rows: Rows): Promise<Rows> =>
      sandwich ? this.#norm(name(prefix), rows) : rows;
    const z = await this.#attention(layer, await this.#norm(name('ln1'), x));
    const middle = sum(x, await after('ln1_post', await this.#times(z, name('attn.W_O'))));
    const read = await this.#norm(name('ln2'), parallel ? x : middle);
    const pre = await this.#times(read, name(gated ? 'mlp.W_gate_in' : 'mlp.W_in'));
    const inner: Rows = { data: new Float64Array((pre.data.length / pre.width) * dMlp), width: dMlp };
    inner.data.forEach((_, i) => {
      const at = Math.floor(i / dMlp) * pre.width + (i % dMlp);
      inner.data[i] = activationReference(pre.data[at]!, activation) * (gated ? pre.data[at + dMlp]! : 1);
    });
    return sum(middle, await after('ln2_post', await this.#times(inner, name('mlp.W_out'))));
  }

  async #attention(layer: number, normed: Rows): Promise<Rows> {
    const { nHeads, nKvHeads, dHead, qkNorm, attentionScale, attentionCap, layers } = this.#config;
    const { window, rope } = layers[layer]!;
    const qkv = await this.#times(normed, `blocks.${layer}.attn.W_QKV`);
    const count = qkv.data.length / qkv.width;
    // Row t of a head among all heads of q, then k, then v.
    const headAt = (t: number, head: number): Float64Array =>
      qkv.data.subarray(t * qkv.width + head * dHead, t * qkv.width + (head + 1) * dHead);
    if (qkNorm) {
      const [q, k] = [
        await this.#vector(`blocks.${layer}.attn.q_norm.w`),
        await this.#vector(`blocks.${layer}.attn.k_norm.w`),
      ];
      for (let t = 0; t < count; t++)
        for (let head = 0; head < nHeads + nKvHeads; head++)
          this.#rms(headAt(t, head), head < nHeads ? q! : k!);
    }
    if (rope) {
      const table = ropeTable(rope, count);
      for (let t = 0; t < count; t++)
        for (let head = 0; head < nHeads + nKvHeads; head++)
          rotate(headAt(t, head), table.subarray(t * rope.dims, (t + 1) * rope.dims), rope.dims / 2);
    }
    const z: Rows = { data: new Float64Array(count * nHeads * dHead), width: nHeads * dHead };
    for (let head = 0; head < nHeads; head++) {
      const shared = Math.floor((head * nKvHeads) / nHeads);
      for (let t = 0; t < count; t++) {
        const first = window === 0 ? 0 : Math.max(0, t - window + 1);
        const q = headAt(t, head);
        const scores: number[] = [];
        for (let s = first; s <= t; s++) {
          const score = dot(q, headAt(s, nHeads + shared)) * attentionScale;
          scores.push(attentionCap ? attentionCap * Math.tanh(score / attentionCap) : score);
        }
        const highest = Math.max(...scores);
        const weights = scores.map((score) => Math.exp(score - highest));
        const total = weights.reduce((all, weight) => all + weight, 0);
        const out = z.data.subarray(t * z.width + head * dHead, t * z.width + (head + 1) * dHead);
        weights.forEach((weight, i) =>
          addScaled(out, headAt(first + i, nHeads + nKvHeads + shared), weight / total),
        );
      }
      await this.#pauseAfter(count * count * dHead);
    }
    return z;
  }

  async #norm(prefix: string, x: Rows): Promise<Rows> {
    const { norm, normEps } = this.#config;
    const gain = (await this.#vector(`${prefix}.w`))!;
    const y: Rows = { data: x.data.slice(), width: x.width };
    if (norm === 'RMS') {
      for (let at = 0; at < y.data.length; at += y.width) this.#rms(y.data.subarray(at, at + y.width), gain);
      return y;
    }
    const bias = (await this.#vector(`${prefix}.b`))!;
    for (let at = 0; at < y.data.length; at += y.width) {
      const row = y.data.subarray(at, at + y.width);
      const mean = row.reduce((all, value) => all + value, 0) / row.length;
      const variance = row.reduce((all, value) => all + (value - mean) ** 2, 0) / row.length;
      row.forEach((value, i) => {
        row[i] = ((value - mean) / Math.sqrt(variance + normEps)) * gain[i]! + bias[i]!;
      });
    }
    return y;
  }

  #rms(row: Float64Array, gain: Float32Array): void {
    const scale = Math.sqrt(dot(row, row) / row.length + this.#config.normEps);
    row.forEach((value, i) => {
      row[i] = (value / scale) * gain[i]!;
    });
  }

  /** x · W + b, a part of the matrix at a time. */
  async #times(x: Rows, name: string): Promise<Rows> {
    const { parts, layout } = this.model.weights.matrix(name);
    const bias = await this.#vector(name.replace('.W_', '.b_'));
    const count = x.data.length / x.width;
    const width =
      layout === 'kn' ? parts[0]!.shape[1]! : parts.reduce((all, { shape }) => all + shape[0]!, 0);
    const y: Rows = { data: new Float64Array(count * width), width };
    if (bias) for (let t = 0; t < count; t++) y.data.set(bias, t * width);
    let at = 0;
    for (const part of parts) {
      const [height = 0, columns = 0] = part.shape;
      const step = Math.max(2, Math.floor(READ_BYTES / (4 * columns)));
      for (let first = 0; first < height; first += step) {
        const taken = Math.min(step, height - first);
        const rows = await this.#read(part, first, taken);
        for (let t = 0; t < count; t++) {
          const from = x.data.subarray(t * x.width, (t + 1) * x.width);
          const to = y.data.subarray(t * width, (t + 1) * width);
          for (let row = 0; row < taken; row++) {
            const w = rows.subarray(row * columns, (row + 1) * columns);
            if (layout === 'kn') addScaled(to, w, from[at + row]!);
            else to[at + row]! += dot(from, w);
          }
        }
        at += taken;
        await this.#pauseAfter(count * taken * columns);
      }
    }
    return y;
  }

  async #vector(name: string): Promise<Float32Array | undefined> {
    const tensor = this.model.weights.find(name);
    return tensor && this.#read(tensor, 0, tensor.shape[0]!);
  }

  /** Some rows of a matrix, one after the other. */
  async #rowsAt(name: string, ids: Uint32Array): Promise<Float32Array> {
    const { parts } = this.model.weights.matrix(name);
    const columns = parts[0]!.shape[1]!;
    const rows = new Float32Array(ids.length * columns);
    for (const [t, id] of ids.entries()) {
      let [row, part] = [id, 0];
      while (row >= parts[part]!.shape[0]!) row -= parts[part++]!.shape[0]!;
      rows.set(await this.#read(parts[part]!, row, 1), t * columns);
    }
    return rows;
  }

  /** Rows of a tensor as numbers. */
  async #read(tensor: Tensor, first: number, count: number): Promise<Float32Array> {
    const columns = tensor.shape[1] ?? 1;
    const width = isPacked(tensor.dtype) ? 2 : 4;
    const [from, size] = [first * columns * width, count * columns * width];
    // Copies begin and end at whole words, where rows of halves need not.
    const start = from - (from % 4);
    const end = Math.min(tensor.byteLength, Math.ceil((from + size) / 4) * 4);
    const arrays = await this.runs.turn(async () => {
      const batch = this.model.gpu.batch('read weights');
      const words = batch.scratch([(end - start) / 4], 'u32');
      batch.copy(tensor, words, { fromOffset: start, size: end - start });
      return (await batch.submit([words])).arrays;
    });
    const bytes = new Uint8Array(arrays[0]!.buffer, from - start, size);
    return toFloat32(bytes, tensor.dtype === 'f16' ? 'F16' : tensor.dtype === 'bf16' ? 'BF16' : 'F32');
  }

  async #pauseAfter(multiplyAdds: number): Promise<void> {
    this.#sincePause += multiplyAdds;
    if (this.#sincePause < PAUSE_EVERY) return;
    this.#sincePause = 0;
    await this.runs.pause();
  }
}

function sum(a: Rows, b: Rows): Rows {
  return { data: a.data.map((value, i) => value + b.data[i]!), width: a.width };
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]! * b[i]!;
  return total;
}

function addScaled(to: Float64Array, from: ArrayLike<number>, factor: number): void {
  for (let i = 0; i < to.length; i++) to[i]! += factor * from[i]!;
}

/** @param table [half, 2] cosines and sines of one position */
function rotate(head: Float64Array, table: Float32Array, half: number): void {
  for (let i = 0; i < half; i++) {
    const [a, b, cos, sin] = [head[i]!, head[i + half]!, table[2 * i]!, table[2 * i + 1]!];
    head[i] = a * cos - b * sin;
    head[i + half] = b * cos + a * sin;
  }
}
