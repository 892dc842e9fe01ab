import type { Batch } from '../gpu/batch.ts';
import type { BlockMask } from '../gpu/block-mask.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { HeadView } from '../gpu/kernels/attention.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { FacetError } from '../shared/errors.ts';
import type { ModelConfig } from './config.ts';

/** Least rows that are made room for at once. */
const FIRST_ROWS = 64;

/**
 * Keys and values of the tokens read so far, for every layer from `firstLayer` on. Keys are as attention uses them: normed
 * and rotated.
 *
 * A pass with a cache adds its rows when it has been recorded, and passes recorded after it, in the same batch or a later
 * one, read them. Rows hold nothing until that batch has run: when its submission fails, or it is discarded, `truncate` to
 * the length before; earlier rows are still good.
 */
export class KvCache implements Disposable {
  #layers: Tensor[] = [];
  #capacity = 0;
  #length = 0;
  readonly #width: number;

  /**
   * Without room yet, see `reserve`.
   * @param firstLayer above 0: only for passes that resume there
   */
  constructor(
    private readonly gpu: Gpu,
    private readonly config: Pick<ModelConfig, 'nLayers' | 'nKvHeads' | 'dHead' | 'nCtx'>,
    readonly firstLayer = 0,
  ) {
    this.#width = config.nKvHeads * config.dHead;
  }

  /** Rows there is room for. */
  get capacity(): number {
    return this.#capacity;
  }

  /** Rows that are there. */
  get length(): number {
    return this.#length;
  }

  /**
   * Makes room for at least so many rows in all, at most the model's context; what is there is kept. Grows by doubling, so
   * that a short text takes little memory. To be awaited before a pass is recorded, never between recording and submitting.
   * @throws FacetError `bad-input` beyond the context, `limits`, `out-of-memory`; the cache is then as it was
   */
  async reserve(rows: number): Promise<void> {
    const { nCtx, nLayers } = this.config;
    if (rows <= this.#capacity) return;
    if (rows > nCtx)
      throw new FacetError('bad-input', `${rows} tokens do not fit the model's context of ${nCtx}.`);
    const capacity = Math.min(nCtx, Math.max(rows, 2 * this.#capacity, FIRST_ROWS));
    const shape = [capacity, 2 * this.#width];
    if (4 * capacity * 2 * this.#width > this.gpu.largestTensorBytes) {
      throw new FacetError('limits', `This adapter cannot keep the keys and values of ${capacity} tokens.`, {
        hint: 'Shorten the text, or generate without a cache.',
      });
    }
    const larger: Tensor[] = [];
    try {
      for (let layer = this.firstLayer; layer < nLayers; layer++)
        larger.push(await this.gpu.reserve(shape, 'f32'));
      const batch = this.gpu.batch('larger cache');
      const size = this.#length * 2 * this.#width * 4;
      this.#layers.forEach((tensor, i) => batch.copy(tensor, larger[i]!, { size }));
      await batch.submit();
    } catch (thrown) {
      for (const tensor of larger) tensor.dispose();
      throw thrown;
    }
    this.#free();
    this.#layers = larger;
    this.#capacity = capacity;
  }

  /** Forgets all rows from `length` on; 0 begins anew. */
  truncate(length: number): void {
    if (!(length >= 0 && length <= this.#length))
      throw new FacetError('bug', `cannot cut a cache of ${this.#length} rows to ${length}`);
    this.#length = length;
  }

  /** For the runtime: [capacity, 2 · n_kv_heads · d_head] keys and, beside them, values. */
  layer(layer: number): Tensor {
    const tensor = this.#layers[layer - this.firstLayer];
    if (!tensor) throw new FacetError('bug', `the cache does not hold layer ${layer}`);
    return tensor;
  }

  /** For the runtime, when a pass was recorded to its end. */
  advance(rows: number): void {
    this.#length += rows;
  }

  #free(): void {
    for (const tensor of this.#layers) tensor.dispose();
    this.#layers = [];
    this.#capacity = 0;
  }

  [Symbol.dispose](): void {
    this.#free();
    this.#length = 0;
  }
}

/** What made the attention pattern of a layer: its queries, all the keys they may see, and which of them they do. */
export interface HeldLayer {
  q: HeadView;
  /** Of the pass's own rows, or of a cache, which begins at row 0 of the sequence. */
  k: HeadView;
  nQueries: number;
  nKeys: number;
  mask: BlockMask;
  /** Scratch that only this needs. */
  scratch: Tensor[];
}

/**
 * Queries and keys of one pass, by layer, for others over the same tokens that hold its attention patterns. To begin with:
 * `{ layers: new Map() }`. Good until the batch it was recorded in ends, or `releaseHeld`; `keepHeld` makes it outlive the
 * batch. Keys of a cache are good while that cache neither grows nor is cut below their rows.
 */
export interface HeldAttention {
  layers: Map<number, HeldLayer>;
}

/** Gives the scratch back to the batch it was recorded into, for its next passes. */
export function releaseHeld(batch: Batch, held: HeldAttention): void {
  for (const { scratch } of held.layers.values()) batch.release(...scratch);
  held.layers.clear();
}

/** The same, good until it is disposed of; to be called before the batch is submitted. `held` itself ends here. */
export function keepHeld(batch: Batch, held: HeldAttention): HeldAttention & Disposable {
  const kept: Tensor[] = [];
  const layers = new Map<number, HeldLayer>();
  for (const [layer, made] of held.layers) {
    const own = made.scratch.map((tensor) => [tensor, batch.keep(tensor)] as const);
    kept.push(...own.map(([, tensor]) => tensor));
    const moved = (view: HeadView): HeadView => ({
      ...view,
      tensor: own.find(([tensor]) => tensor === view.tensor)?.[1] ?? view.tensor,
    });
    layers.set(layer, { ...made, q: moved(made.q), k: moved(made.k), scratch: [] });
  }
  held.layers.clear();
  return {
    layers,
    [Symbol.dispose]: () => {
      for (const tensor of kept) tensor.dispose();
    },
  };
}
