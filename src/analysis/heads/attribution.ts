import type { Dictionary } from '../../dictionary/dictionary.ts';
import { hookWidth, parseHook } from '../../model/hooks.ts';
import type { Transformer } from '../../model/transformer.ts';
import { FacetError } from '../../shared/errors.ts';
import { type HeadStep, pathOf, type PathEnd, type PathStep, rowsOfPath } from './attribution-path.ts';
import type { AttributionComponent, AttributionRecord } from './attribution-record.ts';
import {
  type Backwards,
  dot,
  type Functional,
  headMatrices,
  readVectors,
  throughNorm,
  throughOutputs,
  throughValues,
  valueStart,
} from './functional.ts';
import { encodeRow, ownRow } from './encode-row.ts';
import { readRows, type Turn } from './rows.ts';
import { residualHook, type Site, siteOf, writtenBefore } from './stream.ts';
import { canSplitBy, splitUpstream } from './upstream.ts';

export interface AttributionAsked {
  dictionary: Dictionary;
  feature: number;
  ids: Uint32Array<ArrayBuffer>;
  row: number;
  /** From the feature inward. */
  steps: readonly HeadStep[];
  upstream: readonly Dictionary[];
}

/** Largest error of a sum, relative to the value where that is above 1. */
const TOLERANCE = 1e-4;

/**
 * Takes a feature's pre-activation, or what a trail of heads brings to it, apart: exact for fixed attention patterns and
 * fixed scales of the norms.
 *
 * A feature on `hook_z` is split by head and source row, A[t, s] · (v[s] · W_enc[h]). A head's share from one row is a
 * linear function of the residual stream its layer reads there, through the norm's gain, centring and scale, W_V and what
 * lies behind; so is a feature of the stream itself. It is split into what wrote the stream: embedding, positions, heads
 * (again by source row), MLPs and biases.
 * @param turn runs GPU work, a layer at a time
 * @throws FacetError `bad-input` for a feature, row or step that is not there, `unsupported` for a dictionary of another
 *   kind of activation
 * @source direct feature attribution and its recursion: Kissane et al. 2024, arXiv:2406.17759, section 4
 */
export async function attributeFeature(
  model: Transformer,
  asked: AttributionAsked,
  turn: Turn,
): Promise<AttributionRecord> {
  const { config } = model;
  const { dictionary, feature, row, ids } = asked;
  const site = siteOf(dictionary.hook, config);
  const { path, end } = pathOf(config, { site, row, rows: ids.length }, asked.steps);
  const upstream =
    end.kind === 'residual' ? asked.upstream.filter((each) => canSplitBy(each, end.depth, config)) : [];
  const start = { site, row, hook: dictionary.hook };
  using rows = await readRows(model, { ids, ...rowsOfPath(config, start, { path, end }, upstream) }, turn);
  const vector = await readVectors(model, vectorsOf(site, path, end), turn);
  const backwards: Backwards = { model, rows, turn, vector };

  const input = ownRow(dictionary, rows.row(dictionary.hook, row));
  const encoded = await encodeRow(model.gpu, dictionary, input, feature, turn);
  const { direction, constant } = encoded;
  const value = dot(direction, input);
  const of = {
    dictionary: dictionary.id,
    index: feature,
    activation: encoded.activation,
    preActivation: value + constant,
    constant,
  };
  if (site.kind === 'z') {
    const weights = wholeRow(model, dictionary, direction);
    if (path.length === 0)
      return withRounding({ ...(await splitHeads(backwards, site.layer, row, weights, value)), feature: of });
    return await follow(backwards, { path, end, upstream }, weights);
  }
  const functional: Functional = site.norm
    ? throughNorm(backwards, direction, { ...site.norm, row })
    : { weights: direction, constants: [] };
  if (path.length > 0) return await follow(backwards, { path, end, upstream }, functional.weights);
  const split = await splitResidual(backwards, end, functional, value, upstream);
  return withRounding({ ...split, kind: 'feature', feature: of });
}

/** Names of the vectors behind a path and at its end. */
function vectorsOf(site: Site, path: readonly PathStep[], end: PathEnd): string[] {
  const names: string[] = [];
  const norm = (prefix: string): void => void names.push(`${prefix}.w`, `${prefix}.b`);
  if (site.kind === 'residual' && site.norm?.gain) norm(site.norm.prefix);
  for (const { layer } of path) {
    norm(`blocks.${layer}.ln1`);
    norm(`blocks.${layer}.ln1_post`);
    names.push(`blocks.${layer}.attn.b_QKV`);
  }
  for (let layer = 0; end.kind === 'residual' && layer < writtenBefore(end.depth).heads; layer++) {
    norm(`blocks.${layer}.ln1_post`);
    names.push(`blocks.${layer}.attn.b_O`);
  }
  return names;
}

/** A direction of a dictionary on z in the columns of all heads. */
function wholeRow(
  model: Transformer,
  { headIndex, hook }: Dictionary,
  direction: Float64Array,
): Float64Array {
  const { config } = model;
  const whole = new Float64Array(hookWidth(parseHook(hook, config), config)!);
  whole.set(direction, (headIndex ?? 0) * direction.length);
  return whole;
}

/** Takes the steps of a path and splits what is at its end. @param weights of z, or of the stream where it begins there */
async function follow(
  backwards: Backwards,
  { path, end, upstream }: { path: readonly PathStep[]; end: PathEnd; upstream: readonly Dictionary[] },
  weights: Float64Array,
): Promise<AttributionRecord> {
  const { model, rows } = backwards;
  const { dHead } = model.config;
  let functional: Functional = { weights, constants: [] };
  let value = NaN;
  for (const { layer, head, source, row, written } of path) {
    const [outputs] = written
      ? await throughOutputs(backwards, [layer], functional.weights, row)
      : [functional];
    const z = outputs!.weights.slice(head * dHead, (head + 1) * dHead);
    const pattern = rows.pattern(layer, row);
    const attended = pattern[head * (pattern.length / model.config.nHeads) + source]!;
    const values = rows.row(`blocks.${layer}.attn.hook_v`, source);
    value = attended * dot(z, values, valueStart(model, head));
    functional = await throughValues(backwards, { layer, head, source, attended }, z);
  }
  return withRounding(await splitResidual(backwards, end, functional, value, upstream));
}

async function splitHeads(
  backwards: Backwards,
  layer: number,
  row: number,
  weights: Float64Array,
  value: number,
): Promise<AttributionRecord> {
  const { nHeads } = backwards.model.config;
  const [matrix] = await headMatrices(backwards, [{ layer, weights }], row);
  const length = matrix!.length / nHeads;
  const byHead = new Float64Array(nHeads);
  const bySource = new Float64Array(length);
  matrix!.forEach((part, at) => {
    byHead[Math.floor(at / length)]! += part;
    bySource[at % length]! += part;
  });
  return {
    kind: 'feature',
    hook: `blocks.${layer}.attn.hook_z`,
    layer,
    row,
    value,
    heads: {
      byHead: Float32Array.from(byHead),
      bySource: Float32Array.from(bySource),
      matrix: Float32Array.from(matrix!),
    },
    residue: [],
  };
}

async function splitResidual(
  backwards: Backwards,
  end: PathEnd,
  { weights, constants }: Functional,
  value: number,
  upstream: readonly Dictionary[],
): Promise<AttributionRecord> {
  if (end.kind !== 'residual') throw new FacetError('bug', 'a path that ends in no residual stream');
  const { model, rows } = backwards;
  const { config } = model;
  const { depth, row } = end;
  const hook = residualHook(depth, config);
  const written = writtenBefore(depth);
  const layers = Array.from({ length: written.heads }, (_, layer) => layer);
  const outputs = await throughOutputs(backwards, layers, weights, row);
  const matrices = await headMatrices(
    backwards,
    layers.map((layer) => ({ layer, weights: outputs[layer]!.weights })),
    row,
  );
  const brought = (name: string): number => dot(weights, rows.row(name, row));
  const components: AttributionComponent[] = [
    { kind: 'embed', what: 'embedding', value: brought('hook_embed') },
  ];
  if (config.learnedPositions)
    components.push({ kind: 'position', what: 'position', value: brought('hook_pos_embed') });
  for (const layer of layers) {
    components.push(...headComponents(layer, matrices[layer]!, config.nHeads));
    for (const constant of outputs[layer]!.constants) components.push({ kind: 'bias', layer, ...constant });
    if (layer < written.mlps) {
      const name = `blocks.${layer}.hook_mlp_out`;
      components.push({ kind: 'mlp', layer, what: `MLP ${layer}`, value: brought(name) });
    }
  }
  const splits = [];
  for (const dictionary of upstream)
    splits.push(await splitUpstream(backwards, dictionary, { hook, row, weights, outputs }));
  return {
    kind: 'residual',
    hook,
    layer: parseHook(hook, config).layer ?? 0,
    row,
    value,
    components,
    ...(splits.length > 0 && { upstream: splits }),
    residue: constants,
  };
}

function headComponents(layer: number, matrix: Float64Array, heads: number): AttributionComponent[] {
  const length = matrix.length / heads;
  return Array.from({ length: heads }, (_, head) => {
    const bySource = matrix.subarray(head * length, (head + 1) * length);
    return {
      kind: 'head',
      layer,
      head,
      what: `head ${layer}.${head}`,
      value: bySource.reduce((sum, part) => sum + part, 0),
      bySource: Float32Array.from(bySource),
    };
  });
}

/** What f32 lost, where it is more than is promised. */
function withRounding(record: AttributionRecord): AttributionRecord {
  const sum = (values: Iterable<number>): number => {
    let total = 0;
    for (const value of values) total += value;
    return total;
  };
  const parts = record.heads
    ? sum(record.heads.matrix)
    : sum((record.components ?? []).map(({ value }) => value));
  const missing = record.value - parts - sum(record.residue.map(({ value }) => value));
  if (Math.abs(missing) <= TOLERANCE * Math.max(1, Math.abs(record.value))) return record;
  return { ...record, residue: [...record.residue, { what: 'rounding', value: missing }] };
}
