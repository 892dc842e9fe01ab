import { placeHash } from './place-hash.ts';
import type { TokenSample } from './scan-state.ts';

/** Bytes of a row: item, token, offset, and an index and a value for each entry. */
const ROW_BYTES = 12;
const ENTRY_BYTES = 8;

/** Item, and position in it. */
export type TokenPlace = readonly [item: number, token: number];

/**
 * Tokens with all their features: those whose hash is smallest, as many as fit. What does not fit once never does later,
 * so neither order nor interruptions change what is kept.
 */
export class TokenReservoir {
  #rows = 0;
  #entries = 0;
  #item = new Uint32Array(256);
  #token = new Uint32Array(256);
  #offsets = new Uint32Array(257);
  #indices = new Uint32Array(1_024);
  #values = new Float32Array(1_024);
  /** The first that does not fit: what comes after it in the order of hashes is not wanted any more. */
  #cut: TokenPlace | undefined;
  #cutHash = 0xffffffff;

  constructor(
    readonly mostBytes: number,
    sample?: TokenSample,
    cut?: TokenPlace,
  ) {
    if (cut) this.#cutAt(cut);
    if (!sample) return;
    this.#rows = sample.rows;
    this.#entries = sample.indices.length;
    this.#item = sample.item.slice();
    this.#token = sample.token.slice();
    this.#offsets = sample.offsets.slice();
    this.#indices = sample.indices.slice();
    this.#values = sample.values.slice();
  }

  /** The first token that does not fit; with `sample()` all there is to know. */
  get cut(): TokenPlace | undefined {
    this.#shrink(true);
    return this.#cut;
  }

  /** Whether a token may be among those kept. @param hash `placeHash` of the place */
  wants(place: TokenPlace, hash: number): boolean {
    if (!this.#cut || hash !== this.#cutHash) return hash <= this.#cutHash;
    const [item, token] = this.#cut;
    return place[0] < item || (place[0] === item && place[1] < token);
  }

  /** @param hash `placeHash` of the place; entries `first` … `end` of `indices` and `values` are its features */
  add(
    place: TokenPlace,
    hash: number,
    { indices, values }: Pick<TokenSample, 'indices' | 'values'>,
    [first, end]: readonly [number, number],
  ): void {
    if (!this.wants(place, hash)) return;
    const [item, token] = place;
    const entries = end - first;
    this.#item = withRoom(this.#item, this.#rows + 1);
    this.#token = withRoom(this.#token, this.#rows + 1);
    this.#offsets = withRoom(this.#offsets, this.#rows + 2);
    this.#indices = withRoom(this.#indices, this.#entries + entries);
    this.#values = withRoom(this.#values, this.#entries + entries);
    this.#item[this.#rows] = item;
    this.#token[this.#rows] = token;
    this.#indices.set(indices.subarray(first, end), this.#entries);
    this.#values.set(values.subarray(first, end), this.#entries);
    this.#rows += 1;
    this.#entries += entries;
    this.#offsets[this.#rows] = this.#entries;
    if (this.#bytes > 1.25 * this.mostBytes) this.#shrink(false);
  }

  #cutAt(place: TokenPlace): void {
    this.#cut = place;
    this.#cutHash = placeHash(...place);
  }

  get #bytes(): number {
    return this.#rows * ROW_BYTES + this.#entries * ENTRY_BYTES;
  }

  /** Rows in order of their hash. */
  sample(): TokenSample {
    this.#shrink(true);
    return {
      rows: this.#rows,
      item: this.#item.slice(0, this.#rows),
      token: this.#token.slice(0, this.#rows),
      offsets: this.#offsets.slice(0, this.#rows + 1),
      indices: this.#indices.slice(0, this.#entries),
      values: this.#values.slice(0, this.#entries),
    };
  }

  /** Keeps the rows of smallest hash that fit. @param always also when all fit, to put them in order */
  #shrink(always: boolean): void {
    if (!always && this.#bytes <= this.mostBytes) return;
    const hashes = Uint32Array.from({ length: this.#rows }, (_, row) =>
      placeHash(this.#item[row]!, this.#token[row]!),
    );
    const before = (a: number, b: number): number =>
      hashes[a]! - hashes[b]! || this.#item[a]! - this.#item[b]! || this.#token[a]! - this.#token[b]!;
    const order = Uint32Array.from(hashes, (_, row) => row).sort(before);
    let bytes = 0;
    let rows = 0;
    let entries = 0;
    for (; rows < order.length; rows++) {
      const row = order[rows]!;
      const own = this.#offsets[row + 1]! - this.#offsets[row]!;
      bytes += ROW_BYTES + own * ENTRY_BYTES;
      if (bytes > this.mostBytes) {
        this.#cutAt([this.#item[row]!, this.#token[row]!]);
        break;
      }
      entries += own;
    }
    const kept = order.subarray(0, rows);
    const offsets = new Uint32Array(rows + 1);
    const indices = new Uint32Array(entries);
    const values = new Float32Array(entries);
    kept.forEach((row, i) => {
      const [first, end] = [this.#offsets[row]!, this.#offsets[row + 1]!];
      indices.set(this.#indices.subarray(first, end), offsets[i]);
      values.set(this.#values.subarray(first, end), offsets[i]);
      offsets[i + 1] = offsets[i]! + end - first;
    });
    this.#item = Uint32Array.from(kept, (row) => this.#item[row]!);
    this.#token = Uint32Array.from(kept, (row) => this.#token[row]!);
    this.#offsets = offsets;
    this.#indices = indices;
    this.#values = values;
    this.#rows = rows;
    this.#entries = entries;
  }
}

/** The array, or a copy half as long again at least. */
function withRoom<Words extends Uint32Array<ArrayBuffer> | Float32Array<ArrayBuffer>>(
  array: Words,
  length: number,
): Words {
  if (length <= array.length) return array;
  const Kind = array.constructor as new (length: number) => Words;
  const grown = new Kind(Math.max(length, Math.ceil(1.5 * array.length)));
  grown.set(array);
  return grown;
}
