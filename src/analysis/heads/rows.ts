import type { Batch } from '../../gpu/batch.ts';
import type { Tensor } from '../../gpu/tensor.ts';
import { hookWidth, parseHook } from '../../model/hooks.ts';
import type { RunPlan } from '../../model/run-plan.ts';
import type { Transformer } from '../../model/transformer.ts';
import { FacetError } from '../../shared/errors.ts';

/** Runs GPU work in turn; see `Session.turn`. */
export type Turn = <Result>(work: () => Promise<Result>) => Promise<Result>;

/** What of a reading is looked at. Nothing of [H, T, T] leaves the GPU, and of no two layers at once is there any on it. */
export interface RowsPlan {
  ids: Uint32Array<ArrayBuffer>;
  /** Single rows of activations that have a row for each token. */
  rows: readonly { hook: string; row: number }[];
  /** Rows of the attention patterns of all heads of a layer. */
  patterns: readonly { layer: number; row: number }[];
  /** Layers whose values [T, n_kv_heads · d_head] stay on the GPU. */
  values: readonly number[];
}

/** What `readRows` brought. Owns the values. */
export class Rows implements Disposable {
  readonly #arrays = new Map<string, Float32Array>();
  readonly #values = new Map<number, Tensor>();

  set(key: string, array: Float32Array): void {
    this.#arrays.set(key, array);
  }

  keep(layer: number, values: Tensor): void {
    this.#values.set(layer, values);
  }

  /** [width of the hook] */
  row(hook: string, row: number): Float32Array {
    return this.#get(rowKey(hook, row));
  }

  /** [H, T] what each head's query at `row` attends to. */
  pattern(layer: number, row: number): Float32Array {
    return this.#get(rowKey(patternHook(layer), row));
  }

  /** [T, n_kv_heads · d_head] `hook_v` */
  values(layer: number): Tensor {
    const found = this.#values.get(layer);
    if (!found) throw new FacetError('bug', `the values of layer ${layer} were not kept`);
    return found;
  }

  #get(key: string): Float32Array {
    const found = this.#arrays.get(key);
    if (!found) throw new FacetError('bug', `${key} was not read`);
    return found;
  }

  [Symbol.dispose](): void {
    for (const values of this.#values.values()) values.dispose();
  }
}

const rowKey = (hook: string, row: number): string => `${hook} of row ${row}`;
const patternHook = (layer: number): string => `blocks.${layer}.attn.hook_pattern`;

/**
 * Runs the model as far as the plan needs and reads rows back: a submission and a turn for each layer something is wanted
 * of, with the layers before it.
 * @throws FacetError `bad-input` for a hook the model does not have, `cancelled`
 */
export async function readRows(model: Transformer, plan: RowsPlan, turn: Turn): Promise<Rows> {
  const layerOf = (hook: string): number => parseHook(hook, model.config).layer ?? 0;
  const wanted = [
    ...plan.rows.map(({ hook }) => layerOf(hook)),
    ...plan.patterns.map(({ layer }) => layer),
    ...plan.values,
  ];
  const layers = [...new Set(wanted)].sort((a, b) => a - b);
  const rows = new Rows();
  let resume: RunPlan['resume'];
  try {
    for (const [i, layer] of layers.entries()) {
      const own = {
        ids: plan.ids,
        rows: plan.rows.filter(({ hook }) => layerOf(hook) === layer),
        patterns: plan.patterns.filter((each) => each.layer === layer),
        values: plan.values.filter((each) => each === layer),
      };
      const from = resume;
      const goesOn = i < layers.length - 1;
      const residual = await turn(() => readLayer(model, { ...own, layer, goesOn, resume: from }, rows));
      from?.residual.dispose();
      resume = residual && { layer: layer + 1, residual };
    }
    return rows;
  } catch (thrown) {
    resume?.residual.dispose();
    rows[Symbol.dispose]();
    throw thrown;
  }
}

interface LayerPlan extends RowsPlan {
  layer: number;
  /** Whether the layer's end is wanted, for the next to begin with. */
  goesOn: boolean;
  resume?: RunPlan['resume'];
}

/** @returns the residual stream after the layer, kept, when the reading goes on */
async function readLayer(model: Transformer, plan: LayerPlan, into: Rows): Promise<Tensor | undefined> {
  const { layer, ids } = plan;
  const [pattern, values, end] = ['attn.hook_pattern', 'attn.hook_v', 'hook_resid_post'].map(
    (hook) => `blocks.${layer}.${hook}`,
  ) as [string, string, string];
  const hooks = [
    ...plan.rows.map(({ hook }) => hook),
    ...(plan.patterns.length > 0 ? [pattern] : []),
    ...(plan.values.length > 0 ? [values] : []),
    ...(plan.goesOn ? [end] : []),
  ];
  const batch = model.gpu.batch('rows');
  const kept: Tensor[] = [];
  try {
    const { captures } = model.record(batch, { ids, captures: [...new Set(hooks)], resume: plan.resume });
    const reads = new Map<string, Tensor>();
    for (const { hook, row } of plan.rows) {
      const width = hookWidth(parseHook(hook, model.config), model.config)!;
      reads.set(rowKey(hook, row), copyOf(batch, captures.get(hook)!, [row * width], width));
    }
    for (const { row } of plan.patterns) {
      const { nHeads } = model.config;
      const length = ids.length;
      const starts = Array.from({ length: nHeads }, (_, head) => (head * length + row) * length);
      reads.set(rowKey(pattern, row), copyOf(batch, captures.get(pattern)!, starts, length));
    }
    const keep = (hook: string): Tensor => {
      const tensor = batch.keep(captures.get(hook)!);
      kept.push(tensor);
      return tensor;
    };
    const [ownValues, next] = [plan.values.length > 0 && keep(values), plan.goesOn && keep(end)];
    const { arrays } = await batch.submit([...reads.values()]);
    [...reads.keys()].forEach((key, i) => into.set(key, arrays[i] as Float32Array));
    if (ownValues) into.keep(layer, ownValues);
    return next || undefined;
  } catch (thrown) {
    batch.discard();
    for (const tensor of kept) tensor.dispose();
    throw thrown;
  }
}

/** Runs of `count` values of a tensor, one after another. */
function copyOf(batch: Batch, from: Tensor, starts: readonly number[], count: number): Tensor {
  const copy = batch.scratch([starts.length, count]);
  starts.forEach((start, i) =>
    batch.copy(from, copy, { fromOffset: 4 * start, toOffset: 4 * i * count, size: 4 * count }),
  );
  return copy;
}
