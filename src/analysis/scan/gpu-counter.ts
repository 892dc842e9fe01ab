import type { Dictionary } from '../../dictionary/dictionary.ts';
import { saeCandidates } from '../../gpu/kernels/sae_candidates.ts';
import { saeStatistics, STATISTICS_WORDS } from '../../gpu/kernels/sae_statistics.ts';
import type { Tensor } from '../../gpu/tensor.ts';
import type { Transformer } from '../../model/transformer.ts';
import { FacetError } from '../../shared/errors.ts';
import { recordSequences } from '../encode-sequences.ts';
import type { CountedChunk, CountedRow, ScanAccumulator } from './accumulator.ts';
import { placeHash } from './place-hash.ts';
import { batchesOf, firstRow, type ScanChunk, type ScanWindow, tokenAt } from './windows.ts';

/** Chunks that bounds are used for: making them takes as long as it takes to look at all that is kept. */
const BOUNDS_FOR = 8;
const LEAST_ROOM = 4_096;
const MOST_TRIES = 6;
const ENTRY_BYTES = 12;

/** Runs a piece of GPU work. */
export type Turn = <Result>(work: () => Promise<Result>) => Promise<Result>;

interface CounterTensors extends Bounds {
  edges: Tensor;
  /** What `totals` begins as. */
  zeros: Tensor;
  totals: Tensor;
}

/** See `ScanAccumulator.bounds`. */
interface Bounds {
  least: Tensor;
  most: Tensor;
}

/** More was found than there was room for. */
interface NoRoom {
  features: number;
  candidates: number;
}

/**
 * Counts chunks on the GPU, where codes are large and little of them is kept: what comes back is what was counted, and what
 * may be kept. The result is the same as that of reading the codes.
 */
export class GpuCounter implements Disposable {
  #tensors: CounterTensors | undefined;
  #chunks = 0;

  /** @param rows of a pass */
  constructor(
    private readonly model: Transformer,
    private readonly dictionary: Dictionary,
    private readonly scan: ScanAccumulator,
    private readonly rows: number,
  ) {}

  /** Whether reading back what is counted takes fewer bytes than reading the codes of a chunk. */
  pays(chunk: ScanChunk): boolean {
    const rows = rowsOf(chunk);
    return (
      4 * this.dictionary.dSae * this.#width + ENTRY_BYTES * this.scan.kept < 8 * rows * this.dictionary.room
    );
  }

  /** Words of a feature's totals. */
  get #width(): number {
    return STATISTICS_WORDS + this.scan.layout.bins;
  }

  #make(): CounterTensors {
    const { gpu } = this.model;
    const { dSae } = this.dictionary;
    const { bins } = this.scan.layout;
    const made = {
      edges: gpu.tensor([bins + 1]),
      zeros: gpu.tensor([dSae, this.#width], 'u32'),
      totals: gpu.tensor([dSae, this.#width], 'u32'),
      least: gpu.tensor([dSae]),
      most: gpu.tensor([dSae, bins], 'u32'),
    };
    gpu.write(made.edges, 0, this.scan.edges);
    gpu.write(made.zeros, 0, new Uint32Array(dSae * this.#width));
    return made;
  }

  /** @param turn runs each batch @param stop throws when there is to be no further one */
  async readChunk(chunk: ScanChunk, turn: Turn, stop: () => void): Promise<void> {
    this.#tensors ??= this.#make();
    if (this.#chunks++ % BOUNDS_FOR === 0) this.#setBounds(this.#tensors);
    const all = rowsOf(chunk) * this.dictionary.room;
    let room = Math.max(LEAST_ROOM, Math.min(2 * this.scan.kept, all));
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const counted = await this.#count(this.#tensors, chunk, room, turn, stop);
      stop();
      if ('candidates' in counted) {
        // Everything is counted again, with room for what there was none for.
        this.dictionary.makeRoom(counted.features, this.rows);
        room = Math.max(room, counted.candidates);
        continue;
      }
      this.scan.addCounted(chunk, counted);
      return;
    }
    throw new FacetError('bug', 'more was found each time the same texts were counted');
  }

  #setBounds({ least, most }: Bounds): void {
    const { gpu } = this.model;
    const bounds = this.scan.bounds();
    gpu.write(least, 0, bounds.least);
    gpu.write(most, 0, bounds.most);
  }

  async #count(
    tensors: CounterTensors,
    chunk: ScanChunk,
    room: number,
    turn: Turn,
    stop: () => void,
  ): Promise<CountedChunk | NoRoom> {
    const { gpu } = this.model;
    using found = gpu.tensor([1 + 3 * room], 'u32');
    gpu.write(found, 0, new Uint32Array(1));
    const rows: CountedRow[] = [];
    let features = 0;
    for (const [i, windows] of batchesOf(chunk.windows, this.rows).entries()) {
      stop();
      features = Math.max(features, await turn(() => this.#batch(tensors, windows, rows, found, i === 0)));
    }
    if (rows.length === 0)
      return {
        totals: new Uint32Array(this.dictionary.dSae * this.#width),
        entries: new Uint32Array(),
        rows,
      };
    const { arrays } = await turn(() => gpu.batch('scan').submit([tensors.totals, found]));
    const [totals, list] = arrays as [Uint32Array<ArrayBuffer>, Uint32Array<ArrayBuffer>];
    const candidates = list[0]!;
    if (features > this.dictionary.room || candidates > room) return { features, candidates };
    return { totals, entries: list.slice(1, 1 + 3 * candidates), rows };
  }

  /** Records, runs and counts some windows. @returns how many features their strongest token has, where that is counted */
  async #batch(
    { edges, zeros, totals, least, most }: CounterTensors,
    windows: readonly ScanWindow[],
    rows: CountedRow[],
    found: Tensor,
    isFirst: boolean,
  ): Promise<number> {
    const batch = this.model.gpu.batch('scan');
    try {
      if (isFirst) batch.copy(zeros, totals);
      const sequences = windows.map(({ ids }) => ids);
      const passes = recordSequences(batch, this.model, this.dictionary, sequences, this.rows);
      const counts: Tensor[] = [];
      for (const { codes, rows: length, first, starts } of passes) {
        const number = rows.length;
        const own = windows.slice(first, first + starts.length);
        const places = batch.input(this.#places(own, rows), [length, 4]);
        saeStatistics(batch, { codes, places, edges, totals });
        saeCandidates(batch, { codes, places, edges, least, most, found, firstRow: number });
        batch.release(codes.indices, codes.values, places);
        if (codes.counts) counts.push(codes.counts);
      }
      // Reading something also waits for the GPU: the next batch is not begun before this one is done.
      const { arrays } = await batch.submit([edges, ...counts]);
      let features = 0;
      for (const array of arrays.slice(1)) for (const count of array) features = Math.max(features, count);
      return features;
    } catch (thrown) {
      batch.discard();
      throw thrown;
    }
  }

  /** [T, 4] as the kernels want them; `rows` gets what each row is. */
  #places(windows: readonly ScanWindow[], rows: CountedRow[]): Uint32Array<ArrayBuffer> {
    const places: number[] = [];
    for (const window of windows) {
      const start = firstRow(window);
      window.ids.forEach((_, row) => {
        const isCounted = row >= start;
        const token = isCounted ? tokenAt(window, row) : 0;
        const hash = placeHash(window.item, token);
        const isWanted = isCounted && this.scan.reservoir.wants([window.item, token], hash);
        rows.push({ window, row, isWanted });
        places.push(window.item, token, hash, (isCounted ? 1 : 0) + (isWanted ? 2 : 0));
      });
    }
    return Uint32Array.from(places);
  }

  [Symbol.dispose](): void {
    for (const tensor of Object.values((this.#tensors ?? {}) as Record<string, Tensor>)) tensor.dispose();
  }
}

const rowsOf = ({ windows }: ScanChunk): number => windows.reduce((sum, { ids }) => sum + ids.length, 0);
