import type { Dictionary } from '../../dictionary/dictionary.ts';
import type { Tensor } from '../../gpu/tensor.ts';
import type { Transformer } from '../../model/transformer.ts';
import { keptActivation, meanActivation, meanOfLatent, type Place } from './base.ts';

type Ids = Uint32Array<ArrayBuffer>;
type Turn = <Result>(work: () => Promise<Result>) => Promise<Result>;

export interface BasesLimits {
  means: number;
  /** Of other texts' activations on the GPU that nobody uses at the moment. */
  bytes: number;
}

const LIMITS: BasesLimits = { means: 64, bytes: 2 ** 26 };

/** An activation of another text, for as long as it is not disposed of. */
export interface Lent extends Disposable {
  readonly tensor: Tensor;
}

/**
 * Means and activations of one model without interventions, read once: recipes that differ in their strengths only need
 * no pass before their own.
 */
export class Bases implements Disposable {
  /** Both longest unused first. */
  readonly #means = new Map<string, Float32Array<ArrayBuffer>>();
  readonly #kept = new Map<string, { tensor: Tensor; uses: number }>();
  #disposed = false;

  constructor(
    private readonly model: Transformer,
    private readonly limits = LIMITS,
  ) {}

  /** See `meanActivation`. @param turn see `Session.turn`; not taken for what is known */
  mean(turn: Turn, ids: Ids, place: Place): Promise<Float32Array<ArrayBuffer>> {
    return this.#mean(keyOf(ids, place), () => turn(() => meanActivation(this.model, ids, place)));
  }

  /** See `meanOfLatent`. */
  async meanOfLatent(turn: Turn, ids: Ids, dictionary: Dictionary, feature: number): Promise<number> {
    const [mean] = await this.#mean(`${feature} of ${dictionary.id}: ${ids.join()}`, () =>
      turn(async () => Float32Array.of(await meanOfLatent(this.model, ids, dictionary, feature))),
    );
    return mean!;
  }

  async #mean(
    key: string,
    read: () => Promise<Float32Array<ArrayBuffer>>,
  ): Promise<Float32Array<ArrayBuffer>> {
    const mean = this.#means.get(key) ?? (await read());
    this.#means.delete(key);
    this.#means.set(key, mean);
    if (this.#means.size > this.limits.means) this.#means.delete(this.#means.keys().next().value!);
    return mean;
  }

  /** See `keptActivation`. */
  async activation(turn: Turn, ids: Ids, place: Place): Promise<Lent> {
    const key = keyOf(ids, place);
    const read = this.#kept.has(key) ? undefined : await turn(() => keptActivation(this.model, ids, place));
    // Of two that read at once the first stays.
    const found = this.#kept.get(key) ?? { tensor: read!, uses: 0 };
    if (read && read !== found.tensor) read.dispose();
    this.#kept.delete(key);
    this.#kept.set(key, found);
    found.uses += 1;
    let returned = false;
    return {
      tensor: found.tensor,
      [Symbol.dispose]: () => {
        if (!returned) found.uses -= 1;
        returned = true;
        this.#trim();
      },
    };
  }

  #trim(): void {
    const unused = [...this.#kept].filter(([, { uses }]) => uses === 0);
    let bytes = unused.reduce((sum, [, { tensor }]) => sum + tensor.byteLength, 0);
    for (const [key, { tensor }] of unused) {
      if (bytes <= (this.#disposed ? 0 : this.limits.bytes)) break;
      bytes -= tensor.byteLength;
      tensor.dispose();
      this.#kept.delete(key);
    }
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#trim();
  }
}

function keyOf(ids: Ids, { hook, columns }: Place): string {
  return `${hook} ${columns ? `${columns.from}+${columns.count}` : ''}: ${ids.join()}`;
}
