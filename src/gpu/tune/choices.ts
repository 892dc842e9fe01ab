import type { Gpu } from '../gpu.ts';

/** What an op was asked for: enough to make an example of it, and to tell classes of sizes apart. */
export type Asked = Readonly<Record<string, number | string>>;

/** A variant in use for a class of sizes, of which `asked` is an example. */
export interface Choice {
  op: string;
  asked: Asked;
  variant: string;
}

/** Classes that wait to be measured; a page that runs more kinds of work than this measures the first ones. */
const MOST_WAITING = 64;

/**
 * Which variant of an op a device runs for which class of sizes: what was measured to be fastest on it, else the
 * default. Results agree up to rounding whatever is chosen.
 */
export class Choices {
  readonly #chosen = new Map<string, Choice>();
  readonly #asked = new Map<string, Omit<Choice, 'variant'>>();

  /** The choice for what is asked for, or `usual`; a class without a choice is noted, to be measured later. */
  look<V extends string>(op: string, asked: Asked, usual: V, variants: Readonly<Record<V, unknown>>): V {
    const key = classKey(op, asked);
    const variant = this.#chosen.get(key)?.variant;
    if (variant !== undefined && Object.hasOwn(variants, variant)) return variant as V;
    if (this.#asked.size < MOST_WAITING && !this.#asked.has(key)) this.#asked.set(key, { op, asked });
    return usual;
  }

  choose(choice: Choice): void {
    this.#chosen.set(classKey(choice.op, choice.asked), choice);
  }

  /** Classes that ran and have no choice yet, in the order they were first met. */
  get waiting(): Omit<Choice, 'variant'>[] {
    return [...this.#asked].filter(([key]) => !this.#chosen.has(key)).map(([, asked]) => asked);
  }

  get chosen(): Choice[] {
    return [...this.#chosen.values()];
  }

  /** Back to the defaults, with nothing met yet. */
  clear(): void {
    this.#chosen.clear();
    this.#asked.clear();
  }
}

/** Sizes of one class lie between the same powers of two. */
export function classKey(op: string, asked: Asked): string {
  const parts = Object.entries(asked).map(([name, value]) =>
    typeof value === 'number'
      ? `${name}≤${2 ** Math.ceil(Math.log2(Math.max(1, value)))}`
      : `${name} ${value}`,
  );
  return [op, ...parts].join(', ');
}

const ofDevice = new WeakMap<Gpu, Choices>();

/** The choices of a device; they live as long as it does. */
export function choicesOf(gpu: Gpu): Choices {
  let choices = ofDevice.get(gpu);
  if (!choices) ofDevice.set(gpu, (choices = new Choices()));
  return choices;
}
