import { toSparseCodes } from '../../dictionary/codes.ts';
import type { Dictionary } from '../../dictionary/dictionary.ts';
import type { Gpu } from '../../gpu/gpu.ts';
import { embed } from '../../gpu/kernels/embed.ts';
import type { Transformer } from '../../model/transformer.ts';
import { bundledDictionary, bundledModel } from '../../testing/bundled.ts';
import { gpuCases } from '../../testing/cases.ts';
import { expectClose, expectEqual } from '../../testing/close.ts';
import { Bases } from './bases.ts';
import type { Intervention } from './intervention.ts';
import { type Preparation, prepareInterventions } from './prepare.ts';
import type { PassRows } from './steering.ts';

const RESID = 'blocks.2.hook_resid_pre';
const Z = 'blocks.1.attn.hook_z';
const IDS = Uint32Array.from([0, 71, 300, 5, 911, 42, 1200, 77, 2048, 640, 12]);
const SPECIAL = Array.from(IDS, (id) => id === 0);

let shared: Promise<{ model: Transformer; resid: Dictionary; z: Dictionary }> | undefined;

function bundled(gpu: Gpu): NonNullable<typeof shared> {
  shared ??= (async () => ({
    model: await bundledModel(gpu),
    resid: await bundledDictionary(gpu, RESID),
    z: await bundledDictionary(gpu, Z),
  }))();
  return shared;
}

const preparation = (model: Transformer, bases: Bases): Preparation => ({
  model,
  bases,
  turn: (work) => work(),
  ids: IDS,
  read: () => ({ ids: IDS, special: SPECIAL }),
});

const wholePass: PassRows = { rows: Array.from(IDS.keys()), special: SPECIAL, promptRows: IDS.length };

/** What a pass with interventions has at some hooks. */
async function steered(
  model: Transformer,
  interventions: readonly Intervention<Dictionary>[],
  hooks: readonly string[],
  pass = wholePass,
): Promise<Float32Array[]> {
  using bases = new Bases(model);
  using steering = await prepareInterventions(preparation(model, bases), interventions, () => {});
  const batch = model.gpu.batch('steered');
  const made = steering.edits(pass);
  const { captures } = model.record(batch, { ids: IDS, captures: hooks, edits: made.edits });
  const counts = made.reads();
  const { arrays } = await batch.submit([...counts, ...hooks.map((hook) => captures.get(hook)!)]);
  if (!made.settle(arrays.slice(0, counts.length))) return steered(model, interventions, hooks, pass);
  return arrays.slice(counts.length) as Float32Array[];
}

/** Activation of a feature in every row, and its direction. */
async function lookUp(
  dictionary: Dictionary,
  x: Float32Array,
  feature: number,
): Promise<{ a: Float64Array; row: Float32Array }> {
  const { gpu } = (await shared)!.model;
  const batch = gpu.batch('look up');
  const rows = x.length / dictionary.dIn;
  const codes = dictionary.encode(batch, batch.input(x.slice(), [rows, dictionary.dIn]));
  const ids = batch.input(Uint32Array.of(feature), [1]);
  const direction = embed(batch, { ids, tokens: dictionary.wDec, positionOffset: 0 });
  const { arrays } = await batch.submit([codes.indices, codes.values, direction]);
  const sparse = toSparseCodes(arrays[0] as Uint32Array, arrays[1] as Float32Array, rows);
  const a = new Float64Array(rows);
  for (let t = 0; t < rows; t++)
    for (let i = sparse.offsets[t]!; i < sparse.offsets[t + 1]!; i++)
      if (sparse.indices[i] === feature) a[t] = sparse.values[i]!;
  return { a, row: arrays[2] as Float32Array };
}

export const cases = gpuCases('steering edits', {
  'add, clamp, scale and ablate one latent: x + w · W_dec[f] in the rows of the scope, the rest bit for bit':
    async (gpu) => {
      const { model, resid } = await bundled(gpu);
      const [base] = await steered(model, [], [RESID]);
      // One that is active on some rows and not on others.
      const batch = gpu.batch('find');
      const codes = resid.encode(batch, batch.input(base!.slice(), [IDS.length, resid.dIn]));
      const { arrays } = await batch.submit([codes.indices, codes.values]);
      const sparse = toSparseCodes(arrays[0] as Uint32Array, arrays[1] as Float32Array, IDS.length);
      const fires = (f: number): number => sparse.indices.reduce((n, index) => n + Number(index === f), 0);
      const active = Array.from(sparse.indices.subarray(sparse.offsets[5], sparse.offsets[6]));
      const feature = active.find((f) => fires(f) > 1 && fires(f) < 7)!;
      const { a, row } = await lookUp(resid, base!, feature);
      if (!(a[5]! > 0) || a.every((value) => value > 0))
        throw new Error('not a feature that tells rows apart');
      const mean = a.subarray(1).reduce((sum, value) => sum + value, 0) / (IDS.length - 1);
      const target = { kind: 'latent' as const, dictionary: resid, feature };
      const sized = { dictionary: resid, feature, strength: 1.5, unit: 8 };
      const scope = { kind: 'rows' as const, ranges: [[2, 3], [5, 8]] as const }; // oxfmt-ignore
      const text = { kind: 'text' as const };
      const kinds: [Intervention<Dictionary>, (a: number) => number][] = [
        [{ kind: 'add', ...sized, scope }, () => 12],
        [{ kind: 'clamp', ...sized, scope: text }, (of) => 12 - of],
        [{ kind: 'scale', target, factor: -2, scope }, (of) => -3 * of],
        [{ kind: 'ablate', target, with: 'zero', scope: text }, (of) => -of],
        [{ kind: 'ablate', target, with: 'mean', scope }, (of) => mean - of],
      ];
      for (const [intervention, weight] of kinds) {
        const [found] = await steered(model, [intervention], [RESID]);
        const acts = (t: number): boolean =>
          intervention.scope.kind === 'text' ? t > 0 : (t >= 2 && t <= 3) || (t >= 5 && t <= 8);
        const expected = Float64Array.from(base!, (value, i) => {
          const t = Math.floor(i / resid.dIn);
          return acts(t) ? value + weight(a[t]!) * row[i % resid.dIn]! : value;
        });
        expectClose(found!, expected, { relative: 1e-6 }, intervention.kind);
        for (let t = 0; t < IDS.length; t++) {
          const own = (values: Float32Array): Float32Array =>
            values.subarray(t * resid.dIn, (t + 1) * resid.dIn);
          if (!acts(t)) expectEqual(own(found!), own(base!), `${intervention.kind}: row ${t}`);
        }
      }
    },
});
