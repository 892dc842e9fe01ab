import { gpuCases } from '../testing/cases.ts';
import budgets from './budgets.json';
import { Engine } from './engine.ts';
import type { Asked, Totals } from './protocol.ts';

/*
 * What each thing a visitor may do costs: counts, which do not depend on the machine, so that a change which makes one
 * of them worse fails here. `VITE_BUDGETS=print VITE_CASES=budgets npm run gpu` fails with what it is now, in the form of
 * `budgets.json`, to be put there when it has become better, or worse for a reason that the change's message gives.
 */

type Counts = Totals & { newBytes: number };
type Budgets = Record<string, Partial<Record<keyof Counts, number>>>;

const TEXT =
  'When Mary and John went to the store, John gave a drink to Mary. The war lasted from 1732 to 17';
const DICTIONARY = 'blocks.2.hook_resid_pre';
const CORPUS = { kind: 'storyworld', seed: 7, items: 12 } as const;
const nothing = (): void => {};
let ticket = 0;

/** A reading as each kind of view asks for it. */
const reading = { text: TEXT, windowStart: 0 };
const added = (strength: number): Asked => ({
  kind: 'add',
  dictionary: DICTIONARY,
  feature: 7,
  strength,
  unit: 10,
  scope: { kind: 'rows', ranges: [[5, 1_000]] },
});
const steered = (strength: number) => ({
  prompt: { kind: 'text', text: TEXT } as const,
  windowStart: 0,
  interventions: [added(strength)],
});

/** In this order, after each other, in one engine. */
const INTENTIONS: Record<string, (engine: Engine) => Promise<unknown>> = {
  'open the page': (engine) => engine.open({ model: '' }, ++ticket, nothing),
  'first features': (engine) => engine.analyze(reading, ++ticket),
  'the same text again': (engine) => engine.analyze(reading, ++ticket),
  'read without the dictionary’s honesty': (engine) =>
    engine.analyze({ ...reading, honesty: false }, ++ticket),
  'read for a view without predictions': (engine) =>
    engine.analyze({ ...reading, predictions: false }, ++ticket),
  'a feature’s card': (engine) => engine.feature(7, ++ticket),
  'labels of 24 features': (engine) =>
    engine.labels(
      Array.from({ length: 24 }, (_, i) => i * 11),
      ++ticket,
    ),
  'first answer of a slider': (engine) => engine.steer.compareRow(steered(1), ++ticket),
  'next answer of a slider': (engine) => engine.steer.compareRow(steered(2), ++ticket),
  'what a slider says at rest': (engine) => engine.steer.compare(steered(2), ++ticket),
  'the same after it moved': (engine) => engine.steer.compare(steered(3), ++ticket),
  'the layers’ predictions, steered': (engine) => engine.steer.lens(steered(2), ++ticket),
  '8 tokens, unsteered and steered': async (engine) => {
    const sampling = { temperature: 0, topP: 1, topK: 0, repetitionPenalty: 1, seed: 1 };
    for (const arm of ['base', 'steered'] as const)
      await engine.steer.generate(
        { ...steered(1), arm, sampling, tokens: 8, stop: false },
        ++ticket,
        nothing,
      );
  },
  'a head’s pattern': (engine) =>
    engine.heads.pattern({ ...reading, layer: 1, head: 2, weighting: 'attention' }, ++ticket),
  'where a feature comes from': (engine) =>
    engine.heads.attribute({ ...reading, dictionary: DICTIONARY, feature: 7, row: 12, trail: [] }, ++ticket),
  'a text with a head ablated': (engine) =>
    engine.heads.ablateHere({ ...reading, heads: [{ layer: 1, head: 2 }], with: 'mean' }, ++ticket),
  'read 12 texts': (engine) => engine.scan.run({ corpus: CORPUS }, ++ticket, nothing, nothing),
  'search by text': (engine) => engine.search.byText({ text: TEXT, rank: 'total', most: 20 }, ++ticket),
  'search by token': (engine) =>
    engine.search.byToken({ token: ' Mary', order: 'promoted', most: 20 }, ++ticket),
};

async function totals(engine: Engine): Promise<Counts> {
  const { counters, allocatedBytes } = await engine.diagnostics();
  return { ...counters, newBytes: allocatedBytes };
}

async function measure(engine: Engine): Promise<Record<string, Counts>> {
  const found: Record<string, Counts> = {};
  for (const [name, work] of Object.entries(INTENTIONS)) {
    const before = await totals(engine);
    await work(engine);
    // As when a visitor looks at the first features before asking for more.
    while ((await engine.diagnostics()).compiling) await new Promise((done) => setTimeout(done, 20));
    const after = await totals(engine);
    const caused: unknown = Object.fromEntries(
      Object.entries(after).map(([key, value]) => [key, value - before[key as keyof Counts]]),
    );
    found[name] = caused as Counts;
  }
  return found;
}

let shared: Promise<{ engine: Engine; found: Record<string, Counts> }> | undefined;

function measured(): NonNullable<typeof shared> {
  shared ??= (async () => {
    const engine = new Engine();
    await engine.connect(`${self.location.origin}/`, nothing);
    return { engine, found: await measure(engine) };
  })();
  return shared;
}

export const cases = gpuCases('budgets', {
  'nothing a visitor does costs more than it did': async () => {
    const { engine, found } = await measured();
    if (import.meta.env.VITE_BUDGETS === 'print') throw new Error(JSON.stringify(found, null, 2));
    // Other adapters run other variants of kernels, in passes of other lengths.
    if (!(await engine.diagnostics()).adapter?.software)
      return { skipped: 'budgets are of a software adapter' };
    const allowed: Budgets = budgets;
    const worse = Object.entries(found).flatMap(([name, counts]) =>
      Object.entries(counts).flatMap(([key, value]) => {
        const most = allowed[name]?.[key as keyof Counts];
        return most !== undefined && value <= most ? [] : [`${name}: ${key} ${value}, budget ${most}`];
      }),
    );
    if (worse.length > 0)
      throw new Error(`${worse.join('\n')}\nSee budgets.cases.ts for how to change a budget.`);
    return undefined;
  },
  'no kernel is compiled while a visitor waits': async () => {
    const { engine } = await measured();
    const { lateKernels } = await engine.diagnostics();
    if (lateKernels.length > 0) throw new Error(`late: ${lateKernels.join('; ')}`);
  },
});
