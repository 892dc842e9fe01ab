import { gpuCases } from '../../testing/cases.ts';
import { expectClose } from '../../testing/close.ts';
import { TestRandom } from '../../testing/random.ts';
import type { Batch } from '../batch.ts';
import type { Gpu } from '../gpu.ts';
import { matmul } from '../kernels/matmul.ts';
import type { Tensor } from '../tensor.ts';
import { type Asked, choicesOf } from './choices.ts';
import type { TunedOp } from './op.ts';
import { TUNED_OPS } from './ops/index.ts';
import { matmulOp } from './ops/matmul.ts';
import { type Measured, tune } from './tuner.ts';

const turn = <Result>(work: () => Promise<Result>): Promise<Result> => work();
const never = new AbortController().signal;

/** What of each op is measured here: sizes that are no multiple of any tile, and few enough rows for every variant. */
const ASKED: Record<string, Asked> = {
  matmul: { rows: 7, k: 68, n: 133, layout: 'nk', weights: 'f16' },
  encode: { rows: 7, k: 36, n: 403, group: 8, weights: 'f32' },
  decode: { rows: 7, k: 5, d: 36, weights: 'bf16' },
  attention: { rows: 33, keys: 40, heads: 4, kvHeads: 2, dHead: 20, blockSize: 16 },
};

/** Lets a device meet what is asked for, as running it would, after forgetting what other cases ran. */
function meet(gpu: Gpu, ...classes: { op: string; asked: Asked }[]): void {
  choicesOf(gpu).clear();
  for (const { op, asked } of classes) choicesOf(gpu).look(op, asked, 'usual', { usual: true });
}

async function tuned(gpu: Gpu, options: Partial<Parameters<typeof tune>[1]>): Promise<Measured[]> {
  const measured: Measured[] = [];
  await tune(gpu, { turn, signal: never, budgetMs: Infinity, ...options }, (each) => measured.push(each));
  return measured;
}

export const cases = gpuCases('tune', {
  ...Object.fromEntries(
    TUNED_OPS.map(({ id: op }) => [
      `every variant of ${op} gives what the default gives, and one is put into use`,
      async (gpu: Gpu) => {
        const asked = ASKED[op]!;
        meet(gpu, { op, asked });
        const [found] = await tuned(gpu, {});
        const { chosen, waiting } = choicesOf(gpu);
        choicesOf(gpu).clear();
        const bad = found?.trials.filter(({ outcome }) => outcome === 'differs' || outcome === 'failed');
        if (!found || found.trials.length < 3) throw new Error('it was not measured');
        if (bad!.length > 0) throw new Error(JSON.stringify(bad));
        if (chosen[0]?.variant !== found.chosen || waiting.length > 0) throw new Error('nothing is in use');
      },
    ]),
  ),
  'a variant that gives something else is never chosen, however fast': async (gpu) => {
    const asked = { rows: 5, k: 516, n: 260, layout: 'kn', weights: 'f32' };
    const wrong: TunedOp = {
      ...matmulOp,
      id: 'test-wrong',
      candidates: () => ['register', 'empty', 'broken'],
      plan: (id, its) => {
        if (id === 'broken') throw new Error('no such variant');
        return matmulOp.plan('register', its);
      },
      example(device, its) {
        const example = matmulOp.example(device, its);
        const record = (batch: Batch, variant: string): Tensor =>
          variant === 'empty' ? batch.scratch([5, 260]) : example.record(batch, variant);
        return { record, [Symbol.dispose]: () => example[Symbol.dispose]() };
      },
    };
    meet(gpu, { op: 'test-wrong', asked });
    const [measured] = await tuned(gpu, { ops: [wrong] });
    choicesOf(gpu).clear();
    const outcomes = measured?.trials.map(({ variant, outcome }) => `${variant} ${outcome}`).join();
    if (outcomes !== 'register timed,empty differs,broken failed' || measured?.chosen !== 'register')
      throw new Error(JSON.stringify(measured));
  },
  'the faster of two is chosen, and then runs': async (gpu) => {
    const asked = { rows: 5, k: 516, n: 260, layout: 'kn', weights: 'f32' };
    const slow: TunedOp = {
      ...matmulOp,
      id: 'test-slow',
      candidates: () => ['often', 'once'],
      plan: (_, its) => matmulOp.plan('register', its),
      example(device, its) {
        const example = matmulOp.example(device, its);
        // The same result by many times the work.
        const record = (batch: Batch, variant: string): Tensor => {
          if (variant === 'often')
            for (let i = 0; i < 20; i++) batch.release(example.record(batch, 'register'));
          return example.record(batch, 'register');
        };
        return { record, [Symbol.dispose]: () => example[Symbol.dispose]() };
      },
    };
    meet(gpu, { op: 'test-slow', asked });
    // A clock that ticks with every dispatch.
    const [measured] = await tuned(gpu, { ops: [slow], now: () => gpu.counters.dispatches });
    const both: Record<string, unknown> = { often: 1, once: 1 };
    const choices = choicesOf(gpu);
    const look = choices.look<string>('test-slow', { ...asked, rows: 8 }, 'often', both);
    const other = choices.look<string>('test-slow', { ...asked, rows: 9 }, 'often', both);
    const gone: string = choices.look<string>('test-slow', asked, 'often', { often: 1 });
    choices.clear();
    if (measured?.chosen !== 'once' || measured.usual !== 'often' || !(measured.ratio < 0.95))
      throw new Error(JSON.stringify(measured));
    if (look !== 'once') throw new Error('the choice is not for its class');
    if (other !== 'often') throw new Error('the choice is for another class');
    if (gone !== 'often') throw new Error('a choice that is no variant was taken');
  },
  'it stops between candidates, and a class that was not finished keeps its default': async (gpu) => {
    const asked = { rows: 2, k: 20, n: 36, layout: 'kn', weights: 'f32' };
    const op = { ...matmulOp, id: 'test-stop' };
    meet(gpu, { op: 'test-stop', asked });
    const controller = new AbortController();
    let turns = 0;
    const measured = await tuned(gpu, {
      ops: [op],
      signal: controller.signal,
      turn: (work) => {
        if (++turns === 2) controller.abort();
        return work();
      },
    });
    const waits = choicesOf(gpu).waiting.some((each) => each.op === 'test-stop');
    if (turns !== 2 || measured.length > 0 || !waits)
      throw new Error(`${turns} turns, ${measured.length} measured`);
    if (choicesOf(gpu).chosen.length > 0) throw new Error('something was chosen');
    // With no time left there is still a default, and a choice: nothing is tried again and again.
    await tuned(gpu, { ops: [op], budgetMs: 0 });
    const [only] = choicesOf(gpu).chosen;
    choicesOf(gpu).clear();
    if (only?.variant !== matmulOp.candidates(gpu.adapter, asked)[0]) throw new Error(JSON.stringify(only));
  },
  'a choice changes what runs, not what comes out': async (gpu) => {
    const [rows, k, n] = [11, 36, 44];
    using x = gpu.upload(new TestRandom(1).normal(rows * k), [rows, k]);
    using weights = gpu.upload(new TestRandom(2).normal(k * n), [k, n]);
    const run = async () => {
      const batch = gpu.batch('tune');
      const { arrays, timings } = await batch.submit([matmul(batch, { x, weights, layout: 'kn' })]);
      return { y: arrays[0]!, kernels: timings.map(({ kernel }) => kernel).join() };
    };
    gpu.profiling = true;
    const before = await run();
    choicesOf(gpu).choose({
      op: 'matmul',
      asked: { rows, k, n, layout: 'kn', weights: 'f32' },
      variant: 'tiled-flat',
    });
    const after = await run();
    choicesOf(gpu).clear();
    gpu.profiling = false;
    expectClose(after.y, before.y, { relative: 2e-6 });
    if (gpu.canTime && (before.kernels.includes('tiled') || after.kernels !== 'matmul_tiled'))
      throw new Error(`ran ${before.kernels}, then ${after.kernels}`);
  },
});
