import type { Dictionary } from '../../dictionary/dictionary.ts';
import type { Gpu } from '../../gpu/gpu.ts';
import { klRows } from '../../gpu/kernels/kl_rows.ts';
import { logProbGather } from '../../gpu/kernels/log_prob_gather.ts';
import type { HeldAttention } from '../../model/kv-cache.ts';
import type { Transformer } from '../../model/transformer.ts';
import { bundledDictionary, bundledModel } from '../../testing/bundled.ts';
import { gpuCases } from '../../testing/cases.ts';
import { expectClose } from '../../testing/close.ts';
import { type GoldenArray, goldenValues } from '../../testing/golden.ts';
import { Bases } from './bases.ts';
import golden from './goldens/storyworld-2m.json';
import type { Intervention } from './intervention.ts';
import { prepareInterventions } from './prepare.ts';
import type { Steering } from './steering.ts';

/** As `training/goldens_steering.py` writes it. */
interface GoldenCase {
  name: string;
  interventions: Intervention[];
  frozen: boolean;
  loss: GoldenArray;
  kl: GoldenArray;
  likely: number[];
  logits: GoldenArray;
}

const ids = Uint32Array.from(golden.ids);
const { promptRows } = golden;
const isSpecial = (all: readonly number[]): boolean[] => all.map((_, row) => row === 0);
const rows = { rows: Array.from(ids.keys()), special: isSpecial(golden.ids), promptRows };
const dictionaries = new Map<string, Promise<Dictionary>>();
let shared: Promise<Transformer> | undefined;

function dictionaryAt(gpu: Gpu, hook: string): Promise<Dictionary> {
  const found = dictionaries.get(hook) ?? bundledDictionary(gpu, hook);
  dictionaries.set(hook, found);
  return found;
}

/** With dictionaries in place of the hooks that name them in the golden. */
async function opened(gpu: Gpu, asked: Intervention): Promise<Intervention<Dictionary>> {
  const copy = structuredClone(asked) as unknown as Record<string, unknown> & { target?: object };
  for (const owner of [copy, copy.target ?? {}] as { dictionary?: unknown }[])
    if (typeof owner.dictionary === 'string') owner.dictionary = await dictionaryAt(gpu, owner.dictionary);
  return copy as unknown as Intervention<Dictionary>;
}

interface Numbers {
  loss: Float32Array;
  kl: Float32Array;
  /** [T, d_vocab] */
  logits: Float32Array;
}

async function run(model: Transformer, steering: Steering, frozen: boolean): Promise<Numbers> {
  const batch = model.gpu.batch('steering');
  const held: HeldAttention = { layers: new Map() };
  const attention = frozen ? { keepAttention: held } : {};
  const base = model.record(batch, { ids, logits: 'all', ...attention }).logits!;
  const { edits } = steering.edits(rows);
  const holding = frozen ? { holdAttention: held } : {};
  const own = model.record(batch, { ids, logits: 'all', edits, ...holding }).logits!;
  const targets = batch.input(Uint32Array.from([...ids.subarray(1), 0]), [ids.length]);
  const { logProb } = logProbGather(batch, { logits: own, targets });
  const kl = klRows(batch, { p: base, q: own });
  const { arrays } = await batch.submit([logProb, kl, own]);
  return {
    loss: arrays[0]!.slice(0, -1).map((value) => -value) as Float32Array,
    kl: arrays[1] as Float32Array,
    logits: arrays[2] as Float32Array,
  };
}

async function check(gpu: Gpu, { name, interventions, frozen, ...expected }: GoldenCase): Promise<void> {
  shared ??= bundledModel(gpu);
  const model = await shared;
  using bases = new Bases(model);
  const preparation = {
    model,
    bases,
    turn: <Result>(work: () => Promise<Result>): Promise<Result> => work(),
    ids: ids.slice(0, promptRows),
    read: () => ({ ids: Uint32Array.from(golden.otherIds), special: isSpecial(golden.otherIds) }),
  };
  const ready = await Promise.all(interventions.map((each) => opened(gpu, each)));
  using steering = await prepareInterventions(preparation, ready, () => {});
  const { loss, kl, logits } = await run(model, steering, frozen);
  const tolerance = { absolute: 1e-5, relative: 1e-4 };
  expectClose(loss, goldenValues(expected.loss), tolerance, `${name}: loss`);
  expectClose(kl, goldenValues(expected.kl), tolerance, `${name}: KL`);
  const last = logits.subarray(-model.config.dVocab);
  const likely = Array.from(expected.likely, (id) => last[id]!);
  expectClose(likely, goldenValues(expected.logits), tolerance, `${name}: logits`);
}

export const cases = gpuCases(
  'steering as transformer-lens hooks and sae-lens do it',
  Object.fromEntries(
    (golden.cases as unknown as GoldenCase[]).map((each) => [each.name, (gpu: Gpu) => check(gpu, each)]),
  ),
);
