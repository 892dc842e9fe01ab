import type { SparseCodes } from '../dictionary/codes.ts';

/** Running statistics of every feature over many token sequences; see `SampleStatistics` of the protocol for meaning. */
export class FeatureStatistics {
  readonly count: Uint32Array<ArrayBuffer>;
  readonly sum: Float64Array<ArrayBuffer>;
  readonly max: Float32Array<ArrayBuffer>;
  readonly histogram: Uint32Array<ArrayBuffer>;
  readonly edges: Float32Array<ArrayBuffer>;
  readonly exampleItem: Uint32Array<ArrayBuffer>;
  readonly exampleToken: Uint32Array<ArrayBuffer>;
  readonly exampleValue: Float32Array<ArrayBuffer>;
  tokens = 0;

  /**
   * @param bins log-spaced between `low` and `high`; values outside go to the first or last bin
   * @param examples best examples kept per feature, at most one per item
   */
  constructor(
    readonly dSae: number,
    readonly bins: number,
    range: { low: number; high: number },
    readonly examples: number,
  ) {
    this.count = new Uint32Array(dSae);
    this.sum = new Float64Array(dSae);
    this.max = new Float32Array(dSae);
    this.histogram = new Uint32Array(dSae * bins);
    this.edges = Float32Array.from(
      { length: bins + 1 },
      (_, b) => range.low * (range.high / range.low) ** (b / bins),
    );
    this.exampleItem = new Uint32Array(dSae * examples).fill(0xffffffff);
    this.exampleToken = new Uint32Array(dSae * examples);
    this.exampleValue = new Float32Array(dSae * examples);
  }

  /** Adds one item's codes, rows `fromRow` and up. Rows are positions, as in the analysis of the same text. */
  add(item: number, codes: SparseCodes, fromRow: number): void {
    const rows = codes.offsets.length - 1;
    for (let row = fromRow; row < rows; row++) {
      this.tokens += 1;
      for (let entry = codes.offsets[row]!; entry < codes.offsets[row + 1]!; entry++) {
        this.#addValue(codes.indices[entry]!, codes.values[entry]!, item, row);
      }
    }
  }

  #addValue(feature: number, value: number, item: number, row: number): void {
    this.count[feature]! += 1;
    this.sum[feature]! += value;
    if (value > this.max[feature]!) this.max[feature] = value;
    this.histogram[feature * this.bins + this.#bin(value)]! += 1;
    this.#keepExample(feature, value, item, row);
  }

  #bin(value: number): number {
    const { bins, edges } = this;
    const position = Math.floor((bins * Math.log(value / edges[0]!)) / Math.log(edges[bins]! / edges[0]!));
    return Math.min(bins - 1, Math.max(0, position));
  }

  /** Insertion into a short list sorted by value; equal values keep the earlier item first. One entry per item. */
  #keepExample(feature: number, value: number, item: number, row: number): void {
    const start = feature * this.examples;
    const end = start + this.examples;
    let slot = end - 1;
    for (let i = start; i < end; i++) {
      if (this.exampleItem[i] !== item) continue;
      if (value <= this.exampleValue[i]!) return;
      slot = i;
      break;
    }
    if (
      this.exampleItem[slot] !== item &&
      this.exampleItem[slot] !== 0xffffffff &&
      value <= this.exampleValue[slot]!
    )
      return;
    while (
      slot > start &&
      (this.exampleItem[slot - 1] === 0xffffffff || this.exampleValue[slot - 1]! < value)
    ) {
      this.exampleItem[slot] = this.exampleItem[slot - 1]!;
      this.exampleToken[slot] = this.exampleToken[slot - 1]!;
      this.exampleValue[slot] = this.exampleValue[slot - 1]!;
      slot -= 1;
    }
    this.exampleItem[slot] = item;
    this.exampleToken[slot] = row;
    this.exampleValue[slot] = value;
  }
}
