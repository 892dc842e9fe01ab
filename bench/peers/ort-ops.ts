import type { ModelWork } from './contender.ts';
import { float, type OnnxGraph } from './onnx.ts';
import { type Layout, type Ops, ropeTables } from './program.ts';

const CONTRIB = { domain: 'com.microsoft' };

/** How attention is written; see the methods of these names. */
export type OrtWay = 'grouped' | 'heads' | 'plain';

/** A model as an ONNX graph of fused operators: what an optimised export of it looks like. Activations are [1, T, width]. */
export class OrtOps implements Ops<string> {
  readonly presents: string[] = [];
  readonly #weights = new Map<string, string>();
  readonly #lengths: [string, string];
  readonly #rope?: [string, string];
  readonly #rows: number;
  #causal?: string;

  constructor(
    private readonly graph: OnnxGraph,
    private readonly work: ModelWork,
    private readonly way: OrtWay,
  ) {
    const total = work.ids.length + (work.cache?.rows ?? 0);
    this.#rows = total;
    this.#lengths = [
      graph.constant(Int32Array.of(total - 1), [1]),
      graph.constant(Int32Array.of(total), [1]),
    ];
    if (work.config.layers[0]!.rope) {
      const { cos, sin } = ropeTables(work.config, 0, total);
      const shape = [total, work.config.dHead / 2];
      this.#rope = [graph.constant(cos, shape), graph.constant(sin, shape)];
    }
  }

  /** Exported matrices are stored as MatMul reads them. */
  #weight(name: string, transposed = false): string {
    const key = `${name} ${transposed}`;
    let made = this.#weights.get(key);
    if (made === undefined) {
      const { values, shape } = this.work.checkpoint.get(name);
      made = transposed
        ? this.graph.constant(transpose(values, shape[0]!, shape[1]!), [shape[1]!, shape[0]!])
        : this.graph.constant(values, shape);
      this.#weights.set(key, made);
    }
    return made;
  }

  linear(x: string, weight: string, layout: Layout, bias?: string): string {
    const [product] = this.graph.node('MatMul', [x, this.#weight(weight, layout === 'nk')]);
    return bias === undefined ? product! : this.add(product!, this.#weight(bias));
  }

  layerNorm(x: string, gain: string, bias: string): string {
    const inputs = [x, this.#weight(gain), this.#weight(bias)];
    return this.graph.node('LayerNormalization', inputs, { axis: -1, epsilon: this.work.config.normEps })[0]!;
  }

  rmsNorm(x: string, gain: string): string {
    const inputs = [x, this.#weight(gain)];
    return this.graph.node('SimplifiedLayerNormalization', inputs, {
      axis: -1,
      epsilon: this.work.config.normEps,
    })[0]!;
  }

  gelu(x: string): string {
    return this.graph.node('FastGelu', [x], {}, CONTRIB)[0]!;
  }

  silu(x: string): string {
    return this.graph.node('QuickGelu', [x], { alpha: float(1) }, CONTRIB)[0]!;
  }

  add(a: string, b: string): string {
    return this.graph.node('Add', [a, b])[0]!;
  }

  mul(a: string, b: string): string {
    return this.graph.node('Mul', [a, b])[0]!;
  }

  embed(table: string, positions?: string): string {
    const [rows] = this.graph.node('Gather', [this.#weight(table), 'ids'], { axis: 0 });
    if (positions === undefined) return rows!;
    const { values } = this.work.checkpoint.get(positions);
    const { ids, cache, config } = this.work;
    const first = (cache?.rows ?? 0) * config.dModel;
    const own = values.slice(first, first + ids.length * config.dModel);
    return this.add(rows!, this.graph.constant(own, [1, ids.length, config.dModel]));
  }

  attention(qkv: string, layer: number): string {
    const past = this.work.cache && (['k', 'v'] as const).map((part) => this.#past(part, layer));
    return this[this.way](qkv, layer, past);
  }

  #past(part: 'k' | 'v', layer: number): string {
    const { nKvHeads, dHead } = this.work.config;
    return this.graph.input(`past_${part}_${layer}`, 'f32', [1, nKvHeads, this.work.cache!.rows, dHead]);
  }

  #present(part: 'k' | 'v', layer: number): string {
    const { nKvHeads, dHead } = this.work.config;
    const name = this.graph.output(`present_${part}_${layer}`, 'f32', [1, nKvHeads, this.#rows, dHead]);
    this.presents.push(name);
    return name;
  }

  /** One operator for rotation, cache and attention. */
  grouped(qkv: string, layer: number, past?: readonly string[]): string {
    const { nHeads, nKvHeads, attentionScale } = this.work.config;
    const present = past ? (['k', 'v'] as const).map((part) => this.#present(part, layer)) : [];
    const inputs = [qkv, '', '', ...(past ?? ['', '']), ...this.#lengths, ...(this.#rope ?? [])];
    const attributes = {
      num_heads: nHeads,
      kv_num_heads: nKvHeads,
      do_rotary: this.#rope ? 1 : 0,
      scale: float(attentionScale),
    };
    const outputs = [this.graph.fresh('attention'), ...present];
    return this.graph.node('GroupQueryAttention', inputs, attributes, { ...CONTRIB, outputs })[0]!;
  }

  /** The older operator, without rotation and cache. */
  heads(qkv: string): string {
    const { nHeads, attentionScale } = this.work.config;
    const parts = this.graph.node('Split', [qkv], { axis: 2, num_outputs: 3 }, { count: 3 });
    const attributes = { num_heads: nHeads, unidirectional: 1, scale: float(attentionScale) };
    return this.graph.node('MultiHeadAttention', parts, attributes, CONTRIB)[0]!;
  }

  /** Matmuls, a mask and a softmax, query heads that share keys side by side. */
  plain(qkv: string, layer: number, past?: readonly string[]): string {
    const { graph } = this;
    const { nHeads, nKvHeads, dHead, attentionScale } = this.work.config;
    const length = this.work.ids.length;
    const widths = graph.ints(nHeads * dHead, nKvHeads * dHead, nKvHeads * dHead);
    const [q, k, v] = graph.node('Split', [qkv, widths], { axis: 2 }, { count: 3 });
    const apart = (x: string, heads: number): string => {
      const [rows] = graph.node('Reshape', [x, graph.ints(1, length, heads, dHead)]);
      return graph.node('Transpose', [rows!], { perm: [0, 2, 1, 3] })[0]!;
    };
    const turned = (x: string): string => {
      if (!this.#rope) return x;
      const first = graph.constant(BigInt64Array.of(BigInt(this.#rows - length)), [1]);
      return graph.node('RotaryEmbedding', [x, first, ...this.#rope], {}, CONTRIB)[0]!;
    };
    const joined = (x: string, which: 0 | 1): string => {
      if (!past) return x;
      const part = which === 0 ? 'k' : 'v';
      return graph.node(
        'Concat',
        [past[which]!, x],
        { axis: 2 },
        { outputs: [this.#present(part, layer)] },
      )[0]!;
    };
    const keys = joined(turned(apart(k!, nKvHeads)), 0);
    const values = joined(apart(v!, nKvHeads), 1);
    const group = nHeads / nKvHeads;
    const shared = graph.ints(1, nKvHeads, group * length, dHead);
    const [queries] = graph.node('Reshape', [turned(apart(q!, nHeads)), shared]);
    const scale = graph.constant(Float32Array.of(attentionScale), [1]);
    const [across] = graph.node('Transpose', [keys], { perm: [0, 1, 3, 2] });
    const [scores] = graph.node('MatMul', [this.mul(queries!, scale), across!]);
    const masked = length === 1 ? scores! : this.add(scores!, this.#mask(group));
    const [pattern] = graph.node('Softmax', [masked], { axis: -1 });
    const [z] = graph.node('MatMul', [pattern!, values]);
    const [heads] = graph.node('Reshape', [z!, graph.ints(1, nHeads, length, dHead)]);
    const [rows] = graph.node('Transpose', [heads!], { perm: [0, 2, 1, 3] });
    return graph.node('Reshape', [rows!, graph.ints(1, length, nHeads * dHead)])[0]!;
  }

  /** [group · T, rows]: 0 where a query may look, else a number no exponential survives. */
  #mask(group: number): string {
    if (this.#causal === undefined) {
      const length = this.work.ids.length;
      const rows = this.#rows;
      const values = new Float32Array(group * length * rows);
      for (let row = 0; row < group * length; row++)
        values.fill(-1e9, row * rows + (row % length) + 1 + rows - length, (row + 1) * rows);
      this.#causal = this.graph.constant(values, [group * length, rows]);
    }
    return this.#causal;
  }
}

function transpose(values: Float32Array, rows: number, columns: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      out[column * rows + row] = values[row * columns + column]!;
  return out;
}
