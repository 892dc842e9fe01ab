import type { SparseCodes } from '../../dictionary/codes.ts';
import { FixedSums, fromWords } from './fixed-sum.ts';
import { binEdges, binOf, layoutFor, type ScanLayout } from './layout.ts';
import { placeHash } from './place-hash.ts';
import type { Places, ScanState } from './scan-state.ts';
import { type TokenPlace, TokenReservoir } from './token-reservoir.ts';
import { firstRow, type ScanChunk, type ScanCursor, type ScanWindow, tokenAt } from './windows.ts';

/** Item of a slot that is not used. */
export const UNUSED = 0xffffffff;

/** What is written down of a scan beside its arrays. */
export interface ScanFigures {
  cursor: ScanCursor;
  tokens: number;
  longItems: number;
  unreadable: number;
  cut?: TokenPlace;
}

/** [F] and more: everything of a scan whose size is fixed. */
export type ScanArrays = Pick<ScanState, 'count' | 'sum' | 'max' | 'histogram' | 'top' | 'strata'> & {
  /** [F] id of the token of each best place. */
  bestId: Uint32Array<ArrayBuffer>;
};

/** What was counted of a chunk elsewhere: see the kernels `sae_statistics` and `sae_candidates`. */
export interface CountedChunk {
  /** [F, 4 + bins] */
  totals: Uint32Array;
  /** [n, 3] latent, row and value as bits: everything that can be kept, and all of the rows that are wanted. */
  entries: Uint32Array<ArrayBuffer>;
  rows: readonly CountedRow[];
}

export interface CountedRow {
  window: ScanWindow;
  row: number;
  isWanted: boolean;
}

/** What a scan has found so far. It advances by whole chunks, each in one go, whatever encoded them. */
export class ScanAccumulator {
  readonly edges: Float32Array<ArrayBuffer>;
  readonly reservoir: TokenReservoir;
  /** Entries of the last chunk that were kept, at least for a while; Infinity before the first. */
  kept = Infinity;
  #figures: ScanFigures;
  readonly #sums: FixedSums;

  private constructor(
    readonly dSae: number,
    readonly layout: ScanLayout,
    readonly arrays: ScanArrays,
    figures: ScanFigures,
    sample?: ScanState['sample'],
  ) {
    this.edges = binEdges(layout.bins);
    this.reservoir = new TokenReservoir(layout.sampleBytes, sample, figures.cut);
    this.#figures = figures;
    this.#sums = new FixedSums(dSae);
  }

  static empty(dSae: number, layout = layoutFor(dSae)): ScanAccumulator {
    const arrays = {
      count: new Uint32Array(dSae),
      sum: new Float64Array(dSae),
      max: new Float32Array(dSae),
      histogram: new Uint32Array(dSae * layout.bins),
      top: noPlaces(dSae * layout.perFeature),
      strata: noPlaces(dSae * layout.bins * layout.perStratum),
      bestId: new Uint32Array(dSae),
    };
    const figures = { cursor: { item: 0, window: 0 }, tokens: 0, longItems: 0, unreadable: 0 };
    return new ScanAccumulator(dSae, layout, arrays, figures);
  }

  /** Goes on from what was written down. */
  static from(
    dSae: number,
    layout: ScanLayout,
    kept: { arrays: ScanArrays; figures: ScanFigures; sample: ScanState['sample'] },
  ): ScanAccumulator {
    return new ScanAccumulator(dSae, layout, kept.arrays, kept.figures, kept.sample);
  }

  get figures(): ScanFigures {
    return { ...this.#figures, cut: this.reservoir.cut };
  }

  get cursor(): ScanCursor {
    return this.#figures.cursor;
  }

  get byteLength(): number {
    const { count, sum, max, histogram, top, strata, bestId } = this.arrays;
    const fixed = [count, sum, max, histogram, bestId].reduce((bytes, array) => bytes + array.byteLength, 0);
    return fixed + 12 * (top.item.length + strata.item.length) + this.reservoir.mostBytes;
  }

  /** The arrays are those of the scan, which goes on: read what belongs together before waiting for anything. */
  state(): ScanState {
    const { cursor, tokens, longItems } = this.#figures;
    const { count, sum, max, histogram, top, strata } = this.arrays;
    const sample = this.reservoir.sample();
    const { edges } = this;
    return { items: cursor.item, tokens, longItems, count, sum, max, histogram, edges, top, strata, sample };
  }

  /** @param encoded codes of each of the chunk's windows, in any order */
  add(chunk: ScanChunk, encoded: readonly { window: ScanWindow; codes: SparseCodes }[]): void {
    this.kept = 0;
    for (const { window, codes } of encoded) this.#addWindow(window, codes);
    this.#sums.fold(this.arrays.sum);
    this.#advance(chunk);
  }

  #advance(chunk: ScanChunk): void {
    const before = this.#figures;
    const rows = chunk.windows.reduce(
      (sum, window) => sum + Math.max(0, window.ids.length - firstRow(window)),
      0,
    );
    this.#figures = {
      cursor: chunk.next,
      tokens: before.tokens + rows,
      longItems: before.longItems + chunk.longItems,
      unreadable: before.unreadable + chunk.unreadable,
    };
  }

  #addWindow(window: ScanWindow, { offsets, indices, values }: SparseCodes): void {
    const { count, max, histogram } = this.arrays;
    for (let row = firstRow(window); row < window.ids.length; row++) {
      const token = tokenAt(window, row);
      const hash = placeHash(window.item, token);
      const [first, end] = [offsets[row]!, offsets[row + 1]!];
      for (let entry = first; entry < end; entry++) {
        const feature = indices[entry]!;
        const value = values[entry]!;
        const bin = binOf(this.edges, value);
        count[feature]! += 1;
        this.#sums.add(feature, value);
        if (value > max[feature]!) max[feature] = value;
        histogram[feature * this.layout.bins + bin]! += 1;
        const isTop = this.#offerTop(feature, value, window.item, token, window.ids[row]!);
        const isKept = this.#offerStratum(feature, bin, value, window.item, token, hash);
        if (isTop || isKept) this.kept += 1;
      }
      const place = [window.item, token] as const;
      if (!this.reservoir.wants(place, hash)) continue;
      this.reservoir.add(place, hash, { indices, values }, [first, end]);
      this.kept += end - first;
    }
  }

  /**
   * What a chunk's entries must reach to be kept: a smaller value than `least` [F] is no top value, a larger hash than `most`
   * [F, bins] not in its stratum. Older bounds are looser ones.
   */
  bounds(): { least: Float32Array<ArrayBuffer>; most: Uint32Array<ArrayBuffer> } {
    const { top, strata } = this.arrays;
    const { bins, perFeature, perStratum } = this.layout;
    const least = Float32Array.from({ length: this.dSae }, (_, f) => top.value[(f + 1) * perFeature - 1]!);
    const most = Uint32Array.from({ length: this.dSae * bins }, (_, stratum) => {
      const last = (stratum + 1) * perStratum - 1;
      return strata.item[last] === UNUSED ? 0xffffffff : placeHash(strata.item[last]!, strata.token[last]!);
    });
    return { least, most };
  }

  /** The same as `add`, of what was counted elsewhere. */
  addCounted(chunk: ScanChunk, { totals, entries, rows }: CountedChunk): void {
    this.#addTotals(totals);
    const values = new Float32Array(entries.buffer, entries.byteOffset, entries.length);
    const wanted = new Map<number, [feature: number, value: number][]>();
    rows.forEach(({ isWanted }, row) => isWanted && wanted.set(row, []));
    for (let entry = 0; entry < entries.length; entry += 3) {
      const feature = entries[entry]!;
      const value = values[entry + 2]!;
      const { window, row } = rows[entries[entry + 1]!]!;
      const token = tokenAt(window, row);
      this.#offerTop(feature, value, window.item, token, window.ids[row]!);
      const hash = placeHash(window.item, token);
      this.#offerStratum(feature, binOf(this.edges, value), value, window.item, token, hash);
      wanted.get(entries[entry + 1]!)?.push([feature, value]);
    }
    for (const [number, codes] of wanted) {
      const { window, row } = rows[number]!;
      const place = [window.item, tokenAt(window, row)] as const;
      codes.sort(([a, x], [b, y]) => y - x || a - b);
      const all = {
        indices: Uint32Array.from(codes, ([feature]) => feature),
        values: Float32Array.from(codes, ([, value]) => value),
      };
      this.reservoir.add(place, placeHash(...place), all, [0, codes.length]);
    }
    this.kept = entries.length / 3;
    this.#advance(chunk);
  }

  #addTotals(totals: Uint32Array): void {
    const { count, sum, max, histogram } = this.arrays;
    const { bins } = this.layout;
    const asFloat = new Float32Array(1);
    const asBits = new Uint32Array(asFloat.buffer);
    for (let feature = 0; feature < this.dSae; feature++) {
      const at = feature * (4 + bins);
      if (totals[at] === 0) continue;
      count[feature]! += totals[at]!;
      asBits[0] = totals[at + 1]!;
      if (asFloat[0]! > max[feature]!) max[feature] = asFloat[0]!;
      sum[feature]! += fromWords(totals[at + 3]!, totals[at + 2]!);
      for (let bin = 0; bin < bins; bin++) histogram[feature * bins + bin]! += totals[at + 4 + bin]!;
    }
  }

  /** Best first; of equal values the lower item, then the lower token. One place an item. */
  #offerTop(feature: number, value: number, item: number, token: number, id: number): boolean {
    const { top, bestId } = this.arrays;
    const start = feature * this.layout.perFeature;
    const last = start + this.layout.perFeature - 1;
    const beats = (slot: number): boolean =>
      value > top.value[slot]! ||
      (value === top.value[slot]! &&
        (item < top.item[slot]! || (item === top.item[slot]! && token < top.token[slot]!)));
    if (!beats(last)) return false;
    let slot = start;
    while (slot < last && top.item[slot] !== item && top.item[slot] !== UNUSED) slot++;
    if (top.item[slot] === item && !beats(slot)) return false;
    for (; slot > start && beats(slot - 1); slot--) movePlace(top, slot - 1, slot);
    setPlace(top, slot, item, token, value);
    if (slot === start) bestId[feature] = id;
    return true;
  }

  /** In order of hash, then item and token. */
  #offerStratum(
    feature: number,
    bin: number,
    value: number,
    item: number,
    token: number,
    hash: number,
  ): boolean {
    const { strata } = this.arrays;
    const { bins, perStratum } = this.layout;
    const start = (feature * bins + bin) * perStratum;
    const before = (slot: number): boolean => {
      const other = strata.item[slot]!;
      if (other === UNUSED) return true;
      const otherHash = placeHash(other, strata.token[slot]!);
      if (hash !== otherHash) return hash < otherHash;
      return item < other || (item === other && token < strata.token[slot]!);
    };
    let slot = start + perStratum - 1;
    if (!before(slot)) return false;
    for (; slot > start && before(slot - 1); slot--) movePlace(strata, slot - 1, slot);
    setPlace(strata, slot, item, token, value);
    return true;
  }
}

function noPlaces(slots: number): Places {
  return {
    item: new Uint32Array(slots).fill(UNUSED),
    token: new Uint32Array(slots),
    value: new Float32Array(slots),
  };
}

function movePlace({ item, token, value }: Places, slot: number, to: number): void {
  item[to] = item[slot]!;
  token[to] = token[slot]!;
  value[to] = value[slot]!;
}

function setPlace(places: Places, slot: number, item: number, token: number, value: number): void {
  places.item[slot] = item;
  places.token[slot] = token;
  places.value[slot] = value;
}
