import { type Asked, choicesOf } from './choices.ts';
import type { Gpu } from '../gpu.ts';
import type { Example, TunedOp } from './op.ts';
import { TUNED_OPS } from './ops/index.ts';

/** What became of one candidate. */
export interface Trial {
  variant: string;
  /** Least time of one run; absent unless `outcome` is `timed`. */
  ms?: number;
  /** `slow`: its first run took several times what the fastest takes. `differs`: its result is not the default's. */
  outcome: 'timed' | 'slow' | 'differs' | 'failed';
}

/** What was measured for a class of sizes. */
export interface Measured {
  op: string;
  asked: Asked;
  usual: string;
  chosen: string;
  /** Time of the chosen variant over the default's, measured in turn at the end; 1 when they are the same. */
  ratio: number;
  trials: Trial[];
}

export interface TuneOptions {
  /** Runs one piece of work on the device at a time. */
  turn: <Result>(work: () => Promise<Result>) => Promise<Result>;
  signal: AbortSignal;
  ops?: readonly TunedOp[];
  /** No further candidate is tried once a class has taken this long, compiling included. */
  budgetMs?: number;
  /** The clock, in milliseconds. */
  now?: () => number;
}

const BUDGET_MS = 300;
/** Least time one measurement takes, so that submitting is a small part of it. */
const LEAST_MS = 2;
const MOST_REPEATS = 32;
const ROUNDS = 3;
/** A candidate this many times slower than the fastest is not worth the wait for more precise times. */
const HOPELESS = 3;
/** What a candidate must gain: less may be chance. */
const GAIN = 0.95;
/** Largest difference of two ways to round the same sums, as a share of the largest result. */
const AGREEMENT = 1e-4;

/**
 * Measures the variants of every op that has run on a device and puts the fastest into use, a class of sizes after the
 * other. Each candidate's result must be the default's before its time counts.
 * @param onMeasured called after each class
 */
export async function tune(
  gpu: Gpu,
  options: TuneOptions,
  onMeasured: (measured: Measured) => void = () => {},
): Promise<void> {
  const { ops = TUNED_OPS, signal } = options;
  const choices = choicesOf(gpu);
  const tried = new Set<unknown>();
  for (;;) {
    const waiting = choices.waiting.find((each) => !tried.has(each.asked));
    if (!waiting || signal.aborted) return;
    tried.add(waiting.asked);
    const op = ops.find(({ id }) => id === waiting.op);
    const measured = op && (await tuneClass(gpu, op, waiting.asked, options));
    if (!measured) continue;
    choices.choose({ op: waiting.op, asked: waiting.asked, variant: measured.chosen });
    onMeasured(measured);
  }
}

/** @returns nothing when it was stopped, or when not even the default runs */
async function tuneClass(
  gpu: Gpu,
  op: TunedOp,
  asked: Asked,
  { turn, signal, budgetMs = BUDGET_MS, now = () => performance.now() }: TuneOptions,
): Promise<Measured | undefined> {
  const started = now();
  const trials: Trial[] = [];
  const [usual, ...others] = op.candidates(gpu.adapter, asked);
  using bench = new Bench(gpu, op, asked, now);
  for (const variant of [usual!, ...others]) {
    if (variant !== usual && now() - started > budgetMs) break;
    try {
      await gpu.prepare([op.plan(variant, asked)]);
      if (signal.aborted) return undefined;
      trials.push(await turn(() => bench.try(variant)));
    } catch {
      trials.push({ variant, outcome: 'failed' });
    }
    if (signal.aborted || trials[0]!.outcome !== 'timed') return undefined;
  }
  const [best] = trials.filter(({ ms }) => ms !== undefined).sort((a, b) => a.ms! - b.ms!);
  const found = { op: op.id, asked, usual: usual!, trials };
  if (best!.variant === usual) return { ...found, chosen: usual, ratio: 1 };
  // The two alone in turn, so that a slow moment of the machine falls on both.
  const ratio = await turn(() => bench.compare(best!.variant, usual!)).catch(() => undefined);
  if (ratio === undefined || signal.aborted) return undefined;
  return ratio < GAIN ? { ...found, chosen: best!.variant, ratio } : { ...found, chosen: usual!, ratio: 1 };
}

/** One example of an op, the default's result for it, and a clock. */
class Bench implements Disposable {
  readonly #example: Example;
  #expected: ArrayLike<number> | undefined;
  #fastest = Infinity;
  #repeats = 1;

  constructor(
    private readonly gpu: Gpu,
    op: TunedOp,
    asked: Asked,
    private readonly now: () => number,
  ) {
    this.#example = op.example(gpu, asked);
  }

  /** The first variant tried says what the others must give. */
  async try(variant: string): Promise<Trial> {
    if (this.#expected) this.#spoilPool(this.#expected.length);
    const batch = this.gpu.batch('tune');
    const { arrays } = await batch.submit([this.#example.record(batch, variant)]);
    this.#expected ??= arrays[0]!;
    if (!agrees(arrays[0]!, this.#expected)) return { variant, outcome: 'differs' };
    const once = await this.#time(variant, 1);
    if (once > HOPELESS * this.#fastest) return { variant, outcome: 'slow' };
    this.#repeats = Math.min(MOST_REPEATS, Math.max(1, Math.ceil(LEAST_MS / once)));
    let ms = Infinity;
    for (let round = 0; round < ROUNDS; round++) ms = Math.min(ms, await this.#time(variant, this.#repeats));
    this.#fastest = Math.min(this.#fastest, ms);
    return { variant, ms, outcome: 'timed' };
  }

  /** What the default gave may be in the buffer that comes next: a variant that writes nothing must not pass for it. */
  #spoilPool(count: number): void {
    this.gpu.trim();
    const tensor = this.gpu.tensor([count]);
    this.gpu.write(tensor, 0, new Float32Array(count).fill(NaN));
    tensor.dispose();
  }

  /** Time of one variant over the other's: the median of a few rounds. */
  async compare(variant: string, other: string): Promise<number> {
    const ratios: number[] = [];
    for (let round = 0; round < ROUNDS; round++)
      ratios.push((await this.#time(variant, this.#repeats)) / (await this.#time(other, this.#repeats)));
    return ratios.sort((a, b) => a - b)[(ROUNDS - 1) / 2]!;
  }

  /** Milliseconds a run, of several in one submission. */
  async #time(variant: string, repeats: number): Promise<number> {
    const batch = this.gpu.batch('tune');
    for (let i = 0; i < repeats; i++) batch.release(this.#example.record(batch, variant));
    await this.gpu.settled();
    const started = this.now();
    await batch.submit();
    await this.gpu.settled();
    return (this.now() - started) / repeats;
  }

  [Symbol.dispose](): void {
    this.#example[Symbol.dispose]();
  }
}

function agrees(actual: ArrayLike<number>, expected: ArrayLike<number>): boolean {
  let largest = 0;
  for (let i = 0; i < expected.length; i++) largest = Math.max(largest, Math.abs(expected[i]!));
  for (let i = 0; i < expected.length; i++) {
    // Written so that NaN is no agreement.
    if (!(Math.abs(actual[i]! - expected[i]!) <= AGREEMENT * largest)) return false;
  }
  return true;
}
