import type { SparseCodes } from '../../dictionary/codes.ts';

/** Labels of a sample's tokens, `name=value` each, by number in order of appearance. */
export class LabelledTokens {
  readonly names: string[] = [];
  /** By label: tokens that carry it. */
  readonly totals: number[] = [];
  /** Token i has the labels numbers[offsets[i]] … numbers[offsets[i + 1]]. */
  readonly offsets: number[] = [0];
  readonly numbers: number[] = [];
  readonly #byName = new Map<string, number>();

  get tokens(): number {
    return this.offsets.length - 1;
  }

  add(labels: readonly string[]): void {
    for (const name of labels) {
      let number = this.#byName.get(name);
      if (number === undefined) {
        number = this.names.push(name) - 1;
        this.totals.push(0);
        this.#byName.set(name, number);
      }
      this.totals[number]! += 1;
      this.numbers.push(number);
    }
    this.offsets.push(this.numbers.length);
  }

  numberOf(name: string): number | undefined {
    return this.#byName.get(name);
  }
}

/** The latent and threshold that tell a label best, on the sample they were chosen on. */
export interface ChosenFit {
  feature: number;
  /** The feature says the label where its value is above this. */
  threshold: number;
  /** Tokens on which it says so, and those of them that carry the label. */
  fired: number;
  hits: number;
  /** 2 · hits / (fired + tokens that carry the label) */
  f1: number;
}

/** Values are packed with their places into one double, so that they sort as numbers do. */
const PLACES = 2 ** 21;

/**
 * One latent held against every label, at every threshold: its firings, strongest first, are cut between two different
 * values; the threshold is the largest value left out, or 0 where none is. Of several as good, the highest is taken.
 * @param cuts tries no more thresholds than that: after each of so many equal parts of the firings, rounded up, where that is
 *   between two different values
 * @param firings of the latent on the sample, at most 2,097,152
 * @param best by label number; a fit takes its place where its F1 is higher
 */
export function fitLatent(
  feature: number,
  firings: { tokens: Uint32Array; values: Float32Array },
  labelled: LabelledTokens,
  best: (ChosenFit | undefined)[],
  cuts = Infinity,
): void {
  const { tokens, values } = firings;
  const all = values.length;
  const parts = Math.min(cuts, all);
  if (all > PLACES) throw new RangeError(`${all} firings of one latent`);
  const bits = new Uint32Array(values.buffer, values.byteOffset, all);
  // Bits of positive floats are in the order of the numbers.
  const order = Float64Array.from(bits, (word, i) => word * PLACES + i).sort();
  const { offsets, numbers, totals } = labelled;
  const hits = new Map<number, number>();
  let raised = new Set<number>();
  let cut = 1;
  for (let at = all - 1; at >= 0; at--) {
    const place = order[at]! % PLACES;
    const token = tokens[place]!;
    for (let i = offsets[token]!; i < offsets[token + 1]!; i++) {
      const label = numbers[i]!;
      hits.set(label, (hits.get(label) ?? 0) + 1);
      raised.add(label);
    }
    const fired = all - at;
    if (fired < Math.ceil((cut * all) / parts)) continue;
    while (Math.ceil((cut * all) / parts) <= fired) cut += 1;
    const next = at === 0 ? 0 : values[order[at - 1]! % PLACES]!;
    if (next === values[place]) continue;
    // F1 is no higher than at the cut before where hits are not.
    for (const label of raised) {
      const hit = hits.get(label)!;
      const f1 = (2 * hit) / (fired + totals[label]!);
      if (f1 > (best[label]?.f1 ?? 0)) best[label] = { feature, threshold: next, fired, hits: hit, f1 };
    }
    raised = new Set();
  }
}

/** Thresholds of a latent that are tried. */
const CUTS = 40;
/** Of a latent that fires less often nothing can be said. */
const FEWEST_FIRINGS = 5;
/** Firings that are held at once: 63 MB with what sorting them takes. */
const MOST_FIRINGS = 3 * 2 ** 20;

/**
 * Finds the best latent of each label on a sample. Firings of as many latents as there is room for are collected in one
 * reading of the sample; `from` then says where the next reading goes on, until it is the number of latents.
 */
export class LabelChooser {
  /** By label number. */
  readonly best: (ChosenFit | undefined)[] = [];
  /** Labels of the tokens read, which the first reading fills. */
  readonly labelled = new LabelledTokens();
  #from = 0;
  /** One past the last latent that is collected. */
  #to: number;
  #token = 0;
  #length = 0;
  #tokens = new Uint32Array(1024);
  #latents = new Uint32Array(1024);
  #values = new Float32Array(1024);

  constructor(
    readonly dSae: number,
    readonly mostFirings = MOST_FIRINGS,
  ) {
    this.#to = dSae;
  }

  /** First latent that is not done yet. */
  get from(): number {
    return this.#from;
  }

  /**
   * Adds a text's rows from `firstRow` on.
   * @param pairs labels of each row
   */
  add(codes: SparseCodes, pairs: readonly (readonly string[])[], firstRow: number): void {
    const { offsets, indices, values } = codes;
    for (let row = firstRow; row < offsets.length - 1; row++) {
      if (this.#from === 0) this.labelled.add(pairs[row]!);
      for (let entry = offsets[row]!; entry < offsets[row + 1]!; entry++)
        this.#push(this.#token, indices[entry]!, values[entry]!);
      this.#token += 1;
    }
  }

  #push(token: number, latent: number, value: number): void {
    if (latent < this.#from || latent >= this.#to) return;
    while (this.#length === this.mostFirings && this.#to > this.#from + 1) this.#forgetHalf();
    if (latent >= this.#to) return;
    if (this.#length === this.#tokens.length) this.#grow();
    this.#tokens[this.#length] = token;
    this.#latents[this.#length] = latent;
    this.#values[this.#length] = value;
    this.#length += 1;
  }

  #grow(): void {
    const size = Math.min(2 * this.#length, Math.max(this.mostFirings, this.#length + 1));
    const [tokens, latents, values] = [this.#tokens, this.#latents, this.#values];
    (this.#tokens = new Uint32Array(size)).set(tokens);
    (this.#latents = new Uint32Array(size)).set(latents);
    (this.#values = new Float32Array(size)).set(values);
  }

  /** Leaves the upper half of the latents to a later reading. */
  #forgetHalf(): void {
    this.#to = this.#from + Math.ceil((this.#to - this.#from) / 2);
    let kept = 0;
    for (let i = 0; i < this.#length; i++) {
      if (this.#latents[i]! >= this.#to) continue;
      this.#tokens[kept] = this.#tokens[i]!;
      this.#latents[kept] = this.#latents[i]!;
      this.#values[kept] = this.#values[i]!;
      kept += 1;
    }
    this.#length = kept;
  }

  /** Chooses among the latents of a whole reading, one at a time, and begins the next. */
  *choose(): Generator<void> {
    const latents = this.#to - this.#from;
    const ends = new Uint32Array(latents + 1);
    for (let i = 0; i < this.#length; i++) ends[this.#latents[i]! - this.#from + 1]! += 1;
    for (let i = 0; i < latents; i++) ends[i + 1]! += ends[i]!;
    const places = ends.slice();
    const tokens = new Uint32Array(this.#length);
    const values = new Float32Array(this.#length);
    for (let i = 0; i < this.#length; i++) {
      const latent = this.#latents[i]! - this.#from;
      const place = places[latent]!;
      places[latent] = place + 1;
      tokens[place] = this.#tokens[i]!;
      values[place] = this.#values[i]!;
    }
    for (let i = 0; i < latents; i++) {
      const [start, end] = [ends[i]!, ends[i + 1]!];
      const own = { tokens: tokens.subarray(start, end), values: values.subarray(start, end) };
      if (end - start >= FEWEST_FIRINGS) fitLatent(this.#from + i, own, this.labelled, this.best, CUTS);
      yield;
    }
    this.#from = this.#to;
    this.#to = this.dSae;
    this.#length = 0;
    this.#token = 0;
  }
}

/** A label on the fresh sample; shares of nothing are 0. Feature −1: no latent told anything of it. */
export interface MeasuredLabel extends ChosenFit {
  label: string;
  precision: number;
  recall: number;
  /** F1 on the sample it was chosen on. */
  chosenF1: number;
  /** Tokens that carry it, and their share. */
  tokens: number;
  rate: number;
}

/** Holds what was chosen against another sample. */
export class LabelMeasure {
  /** Labels of the tokens read. */
  readonly labelled = new LabelledTokens();
  /** By label, those that are measured. */
  readonly #chosen: ReadonlyMap<string, ChosenFit | undefined>;
  /** By latent: what it was chosen for. */
  readonly #wanted = new Map<number, { label: string; threshold: number }[]>();
  readonly #fired = new Map<string, number>();
  readonly #hits = new Map<string, number>();

  /** @param leastRate labels on more of the tokens they were chosen on than this share are measured */
  constructor({ best, labelled }: Pick<LabelChooser, 'best' | 'labelled'>, leastRate: number) {
    const { names, totals, tokens } = labelled;
    this.#chosen = new Map(
      names.flatMap((name, i) => (totals[i]! / tokens > leastRate ? [[name, best[i]] as const] : [])),
    );
    for (const [label, fit] of this.#chosen) {
      if (!fit) continue;
      const wanted = this.#wanted.get(fit.feature) ?? [];
      this.#wanted.set(fit.feature, [...wanted, { label, threshold: fit.threshold }]);
    }
  }

  /** Adds a text's rows from `firstRow` on. @param pairs labels of each row */
  add(codes: SparseCodes, pairs: readonly (readonly string[])[], firstRow: number): void {
    const { offsets, indices, values } = codes;
    for (let row = firstRow; row < offsets.length - 1; row++) {
      const own = pairs[row]!;
      this.labelled.add(own);
      for (let entry = offsets[row]!; entry < offsets[row + 1]!; entry++)
        for (const { label, threshold } of this.#wanted.get(indices[entry]!) ?? []) {
          if (values[entry]! <= threshold) continue;
          this.#fired.set(label, (this.#fired.get(label) ?? 0) + 1);
          if (own.includes(label)) this.#hits.set(label, (this.#hits.get(label) ?? 0) + 1);
        }
    }
  }

  /** What the tokens read so far say, most frequent first. */
  rows(): MeasuredLabel[] {
    const { totals, tokens: all } = this.labelled;
    return [...this.#chosen]
      .map(([label, fit]): MeasuredLabel => {
        const number = this.labelled.numberOf(label);
        const tokens = number === undefined ? 0 : totals[number]!;
        const [fired, hits] = [this.#fired.get(label) ?? 0, this.#hits.get(label) ?? 0];
        return {
          label,
          feature: fit?.feature ?? -1,
          threshold: fit?.threshold ?? 0,
          fired,
          hits,
          precision: share(hits, fired),
          recall: share(hits, tokens),
          f1: share(2 * hits, fired + tokens),
          chosenF1: fit?.f1 ?? 0,
          tokens,
          rate: share(tokens, all),
        };
      })
      .sort((a, b) => b.tokens - a.tokens || (a.label < b.label ? -1 : 1));
  }
}

const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
