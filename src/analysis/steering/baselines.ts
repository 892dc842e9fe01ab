import type { Transformer } from '../../model/transformer.ts';
import { Baseline } from './baseline.ts';

export interface BaselineLimits {
  /** Texts whose base is kept. */
  texts: number;
  /** On the GPU, over all of them; what the text in hand needs is kept whatever it takes. */
  bytes: number;
  /** Of logits looked at at once; see `LogitParts`. */
  partBytes?: number;
}

/** The text in hand and those one goes back to, e.g. before and after an edit. */
const LIMITS: BaselineLimits = { texts: 4, bytes: 2 ** 27 };

/** Bases of the texts that were compared last, of one model. */
export class Baselines implements Disposable {
  /** By token ids, longest unused first. */
  readonly #kept = new Map<string, Baseline>();
  #disposed = false;

  constructor(
    private readonly model: Transformer,
    private readonly limits = LIMITS,
  ) {}

  get byteLength(): number {
    return [...this.#kept.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /**
   * Does something with the base of a text, which stays until then. One after the other: a second call must wait for the
   * first. `work` commits what each batch that ran has made.
   * @param ids [T] prefix included
   */
  async with<Result>(
    ids: Uint32Array<ArrayBuffer>,
    work: (base: Baseline) => Promise<Result>,
  ): Promise<Result> {
    const { bytes, partBytes } = this.limits;
    const key = ids.join();
    const base = this.#kept.get(key) ?? new Baseline(this.model, ids, bytes / 2, partBytes);
    this.#kept.delete(key);
    this.#kept.set(key, base);
    try {
      return await work(base);
    } finally {
      base.abandon();
      // The model may have been closed meanwhile.
      if (this.#disposed) base[Symbol.dispose]();
      this.#trim(base);
    }
  }

  #trim(inHand: Baseline): void {
    const { texts, bytes } = this.limits;
    for (const [key, base] of this.#kept) {
      if (base === inHand || (this.#kept.size <= texts && this.byteLength <= bytes)) break;
      base[Symbol.dispose]();
      this.#kept.delete(key);
    }
    if (this.byteLength > bytes) inHand.shrink();
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    for (const base of this.#kept.values()) base[Symbol.dispose]();
    this.#kept.clear();
  }
}
