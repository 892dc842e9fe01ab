import * as v from 'valibot';
import type { AdapterDescription } from '../gpu/device.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { choicesOf } from '../gpu/tune/choices.ts';
import { fingerprint } from '../gpu/tune/fingerprint.ts';
import { TUNED_OPS } from '../gpu/tune/ops/index.ts';
import { type Measured, tune } from '../gpu/tune/tuner.ts';
import { OpfsStore } from '../library/opfs-store.ts';
import type { Store } from '../library/store.ts';
import type { Gate } from './gate.ts';
import type { TunedClass, TuningReport } from './protocol.ts';

const FOLDER = 'tuning';
const FILE = 'choices.json';
const MOST_BYTES = 200_000;
/** How long nobody must have asked for anything. */
const IDLE_MS = 1_500;

const size = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(2 ** 24));
const name = v.pipe(v.string(), v.maxLength(40));
const schema = v.object({
  /** Whether the visitor lets anything be measured. */
  on: v.boolean(),
  adapter: v.pipe(v.string(), v.maxLength(4_000)),
  fingerprint: name,
  classes: v.pipe(
    v.array(
      v.object({
        op: name,
        asked: v.record(name, v.union([size, name])),
        usual: name,
        chosen: name,
        ratio: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
      }),
    ),
    v.maxLength(500),
  ),
});
type Kept = v.InferOutput<typeof schema>;

export interface TuningOptions {
  /** Where choices are kept; nothing when this device keeps nothing. */
  open?: () => Promise<Store | undefined>;
  /** Measures software adapters too: their defaults were measured, and a trial takes seconds of the page's own processor. */
  software?: boolean;
  idleMs?: number;
}

/**
 * Measures variants of kernels while nobody asks for anything, and keeps what was found on this device. Nothing begins
 * before a first text has been read, and whatever the visitor asks for ends it; what was not finished is done later.
 */
export class Tuning {
  readonly #opening: () => Promise<Store | undefined>;
  readonly #options: TuningOptions;
  #classes: TunedClass[] = [];
  #on = true;
  #read = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: AbortController | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(
    private readonly gate: Gate,
    options: TuningOptions = {},
  ) {
    this.#options = options;
    let store: Promise<Store | undefined> | undefined;
    const { open = () => OpfsStore.open(FOLDER) } = options;
    this.#opening = () => (store ??= open().catch(() => undefined));
  }

  /** Puts what was measured on this adapter before into use, and compiles it. What does not fit is forgotten. */
  async restore(gpu: Gpu): Promise<void> {
    this.#classes = [];
    const kept = await this.#load();
    if (kept) this.#on = kept.on;
    if (!kept?.on || kept.adapter !== nameOf(gpu.adapter) || kept.fingerprint !== fingerprint(TUNED_OPS))
      return;
    const plans = kept.classes.flatMap((each) => {
      const op = TUNED_OPS.find(({ id }) => id === each.op);
      try {
        if (!op?.candidates(gpu.adapter, each.asked).includes(each.chosen)) return [];
        const plan = op.plan(each.chosen, each.asked);
        choicesOf(gpu).choose({ op: each.op, asked: each.asked, variant: each.chosen });
        this.#classes.push(each);
        return [plan];
      } catch {
        return []; // what it was asked for is no such thing
      }
    });
    // What fails to compile here fails again, and is reported, when it is first run.
    await gpu.prepare(plans).catch(() => {});
  }

  /** A text has been read: from now on there is something to be faster at. */
  noteReading(): void {
    this.#read = true;
  }

  /** Somebody asks for something. */
  rest(): void {
    clearTimeout(this.#timer);
    this.#running?.abort();
    this.#running = undefined;
  }

  /** Nobody asks for anything: begins after a while, if there is something to measure. */
  idle(gpu: Gpu | undefined): void {
    clearTimeout(this.#timer);
    const { software = false, idleMs = IDLE_MS } = this.#options;
    if (!gpu || !this.#on || !this.#read || gpu.backend !== 'webgpu') return;
    if ((gpu.adapter.software && !software) || choicesOf(gpu).waiting.length === 0) return;
    this.#timer = setTimeout(() => {
      this.#work = this.#run(gpu);
    }, idleMs);
  }

  /** Resolves when nothing is being measured or written. */
  get settled(): Promise<void> {
    return this.#work;
  }

  async #run(gpu: Gpu): Promise<void> {
    const running = new AbortController();
    this.#running = running;
    const { signal } = running;
    const before = this.#classes.length;
    try {
      await tune(gpu, { signal, turn: (work) => this.gate.run(signal, work) }, (found) =>
        this.#classes.push(withoutTrials(found)),
      );
    } catch {
      // A lost device ends this as it ends everything; others report it.
    }
    if (this.#classes.length > before) await this.#save(gpu);
  }

  /** Turns measuring on or off; off is back to the defaults, and forgets what was found. */
  async set(gpu: Gpu | undefined, on: boolean): Promise<void> {
    this.rest();
    await this.#work;
    this.#on = on;
    if (!on) {
      this.#classes = [];
      if (gpu) choicesOf(gpu).clear();
    }
    await this.#save(gpu);
    if (on) this.idle(gpu);
  }

  report(gpu: Gpu | undefined): TuningReport {
    const { software = false } = this.#options;
    const able = gpu && gpu.backend === 'webgpu' && (software || !gpu.adapter.software);
    const waiting = able && this.#on ? choicesOf(gpu).waiting.length : 0;
    return { on: this.#on, able: Boolean(able), waiting, classes: [...this.#classes] };
  }

  async #load(): Promise<Kept | undefined> {
    try {
      const blob = await (await this.#opening())?.read(FOLDER, FILE);
      if (!blob || blob.size > MOST_BYTES) return undefined;
      const parsed = v.safeParse(schema, JSON.parse(await blob.text()));
      return parsed.success ? parsed.output : undefined;
    } catch {
      return undefined;
    }
  }

  async #save(gpu: Gpu | undefined): Promise<void> {
    const kept: Kept = {
      on: this.#on,
      adapter: gpu ? nameOf(gpu.adapter) : '',
      fingerprint: fingerprint(TUNED_OPS),
      classes: this.#classes.slice(-500).map((each) => ({ ...each, asked: { ...each.asked } })),
    };
    try {
      await (await this.#opening())?.write(FOLDER, FILE, JSON.stringify(kept));
    } catch {
      // Full or forbidden: it is measured again next time.
    }
  }
}

function nameOf({ vendor, architecture, description, features }: AdapterDescription): string {
  return [vendor, architecture, description, ...features].join(' ');
}

function withoutTrials({ op, asked, usual, chosen, ratio }: Measured): TunedClass {
  return { op, asked, usual, chosen, ratio: Math.min(1, ratio) };
}
