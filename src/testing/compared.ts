import { Baselines } from '../analysis/steering/baselines.ts';
import {
  type Compared,
  type ComparedSide,
  type CompareOptions,
  compareText,
  type SteeredPass,
} from '../analysis/steering/compare.ts';
import type { PassRows } from '../analysis/steering/steering.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { klRowsReference } from '../gpu/reference/kl_rows.ts';
import { logSumExp } from '../gpu/reference/log_prob_gather.ts';
import type { Transformer } from '../model/transformer.ts';
import { addedRows, type AddedRows } from './added-rows.ts';
import { bundledModel } from './bundled.ts';
import { expectClose, expectEqual } from './close.ts';
import { TestRandom } from './random.ts';
import { tinyModel } from './tiny-heads.ts';

type Ids = Uint32Array<ArrayBuffer>;

export const LENGTH = 24;
export const FIRST = 7;
export const options: CompareOptions = { row: LENGTH - 1, nextTokens: 10, movers: 6, frozen: false };

export const models: Record<string, (gpu: Gpu) => Promise<Transformer>> = {
  bundled: bundledModel,
  llama: async (gpu) => (await tinyModel(gpu, 'llama')).model,
};

export function someIds(model: Transformer, seed = 1, length = LENGTH): Ids {
  const random = new TestRandom(seed);
  return Uint32Array.from({ length }, () => random.integer(model.config.dVocab));
}

export function rowsOf(ids: Ids): PassRows {
  return {
    rows: Array.from(ids, (_, row) => row),
    special: Array.from(ids, () => false),
    promptRows: ids.length,
  };
}

/** Something added from row `first` on. */
export function noise(model: Transformer, hook: string, layer: number, size = 1, first = FIRST): AddedRows {
  const values = new TestRandom(layer + 9).normal(LENGTH * model.config.dModel, size);
  return { hook, layer, values: values.fill(0, 0, first * model.config.dModel) };
}

/** Adds at every kind of place of a layer's residual stream, and in the middle of a block. */
export function places(model: Transformer): AddedRows[] {
  const { nLayers, parallel } = model.config;
  return [
    noise(model, 'hook_embed', -1),
    noise(model, 'blocks.0.hook_resid_pre', 0),
    noise(model, `blocks.${nLayers - 1}.hook_resid_pre`, nLayers - 1),
    noise(model, `blocks.${nLayers - 1}.hook_resid_post`, nLayers - 1),
    ...(parallel ? [] : [noise(model, 'blocks.1.hook_resid_mid', 1)]),
    noise(model, 'blocks.1.hook_mlp_out', 1),
  ];
}

/** Logits of a pass from the embedding on. */
export async function fullLogits(
  model: Transformer,
  ids: Ids,
  steering?: SteeredPass,
): Promise<Float32Array> {
  const batch = model.gpu.batch('check');
  const edits = steering?.edits(rowsOf(ids)).edits;
  const { logits } = model.record(batch, { ids, logits: 'all', edits });
  const { arrays } = await batch.submit([logits!]);
  return arrays[0] as Float32Array;
}

/**
 * Logits with something added before the last layer and that layer's attention as the base has it: its z is made by hand, of
 * the pattern as is and of the values that follow from what was added.
 */
export async function frozenLogits(model: Transformer, ids: Ids, added: AddedRows): Promise<Float32Array> {
  const { nLayers, nHeads, nKvHeads, dHead } = model.config;
  const at = `blocks.${nLayers - 1}.attn`;
  const capture = async (hook: string, steering?: SteeredPass): Promise<Float32Array> => {
    const batch = model.gpu.batch('check');
    const run = model.record(batch, { ids, captures: [hook], edits: steering?.edits(rowsOf(ids)).edits });
    return (await batch.submit([run.captures.get(hook)!])).arrays[0] as Float32Array;
  };
  const pattern = await capture(`${at}.hook_pattern`);
  const v = await capture(`${at}.hook_v`, addedRows([added]));
  const z = new Float32Array(ids.length * nHeads * dHead);
  for (let head = 0; head < nHeads; head++)
    for (let row = 0; row < ids.length; row++)
      for (let i = 0; i < dHead; i++) {
        let sum = 0;
        for (let source = 0; source <= row; source++) {
          const shared = Math.floor((head * nKvHeads) / nHeads);
          const weight = pattern[(head * ids.length + row) * ids.length + source]!;
          sum += weight * v[(source * nKvHeads + shared) * dHead + i]!;
        }
        z[(row * nHeads + head) * dHead + i] = sum;
      }
  const edits = new Map(addedRows([added]).edits(rowsOf(ids)).edits);
  edits.set(`${at}.hook_z`, (batch, x) => batch.input(z, x.shape));
  const batch = model.gpu.batch('check');
  const { logits } = model.record(batch, { ids, logits: 'all', edits });
  return (await batch.submit([logits!])).arrays[0] as Float32Array;
}

/** What a side must be, from all logits, without any of the product's code for it. */
export function plainSide(
  ids: Ids,
  base: Float32Array,
  own: Float32Array,
  asked: CompareOptions,
): ComparedSide {
  const width = base.length / ids.length;
  const logProbs = (logits: Float32Array, row: number): number[] => {
    const values = logits.subarray(row * width, (row + 1) * width);
    const lse = logSumExp(values);
    return Array.from(values, (value) => value - lse);
  };
  const [before, after] = [base, own].map((logits) => logProbs(logits, asked.row).map(Math.exp));
  const order = after!.map((_, id) => id).sort((a, b) => after![b]! - after![a]! || a - b);
  const change = after!.map((p, id) => p - before![id]!);
  const byChange = change.map((_, id) => id).sort((a, b) => change[b]! - change[a]!);
  const moved = [...byChange.slice(0, asked.movers), ...byChange.slice(-asked.movers)];
  return {
    loss: Float32Array.from(ids, (id, row) => (row === 0 ? NaN : -logProbs(own, row - 1)[id]!)),
    kl: Float32Array.from(klRowsReference(base, own, width)),
    next: {
      ids: Uint32Array.from(order.slice(0, asked.nextTokens)),
      probs: Float32Array.from(order.slice(0, asked.nextTokens), (id) => after![id]!),
    },
    movers: moved
      .sort((a, b) => Math.abs(change[b]!) - Math.abs(change[a]!))
      .map((id) => ({ id, before: before![id]!, after: after![id]! })),
  };
}

export function expectSide(actual: ComparedSide, expected: ComparedSide, what: string): void {
  expectClose(actual.loss, expected.loss, { absolute: 2e-5 }, `${what}: loss`);
  expectClose(actual.kl, expected.kl, { absolute: 1e-6, relative: 1e-5 }, `${what}: kl`);
  expectEqual(actual.next.ids, expected.next.ids, `${what}: next`);
  expectClose(actual.next.probs, expected.next.probs, { absolute: 1e-5 }, `${what}: probabilities`);
  expectEqual(
    actual.movers.map(({ id }) => id),
    expected.movers.map(({ id }) => id),
    `${what}: movers`,
  );
  for (const time of ['before', 'after'] as const)
    expectClose(
      actual.movers.map((mover) => mover[time]),
      expected.movers.map((mover) => mover[time]),
      { absolute: 1e-5 },
      `${what}: movers ${time}`,
    );
}

export function compare(
  model: Transformer,
  baselines: Baselines,
  ids: Ids,
  steering: SteeredPass,
  more: Partial<CompareOptions> = {},
): Promise<Compared> {
  return compareText({ model, baselines }, { ids, rows: rowsOf(ids) }, steering, { ...options, ...more });
}

export function expectSame(actual: ComparedSide, expected: ComparedSide, what: string): void {
  expectEqual(actual.loss.subarray(1), expected.loss.subarray(1), `${what}: loss`);
  expectEqual(actual.kl, expected.kl, `${what}: kl`);
  expectEqual(actual.next.ids, expected.next.ids, `${what}: next`);
  expectEqual(actual.next.probs, expected.next.probs, `${what}: probabilities`);
}
