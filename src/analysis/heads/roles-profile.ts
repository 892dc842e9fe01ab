import type { SparseCodes } from '../../dictionary/codes.ts';
import { DISTANCES, distanceBin } from './roles-tokens.ts';

/** Row 0 holds the beginning-of-text token where there is one and is an outlier either way: nothing is judged there. */
export const FIRST_JUDGED = 1;

/** Tokens of one text and what they are called; numbers are those of `Names`. T rows. */
export interface RoleText {
  ids: Uint32Array;
  /** [T] `tokenClass` of each, for what is read. */
  classes: Uint32Array;
  /** [T] register and class, for where a latent fires. */
  places: Uint32Array;
  /** [T] labels each token has, and, as `next …`, those of the token after it. */
  labels: readonly Uint32Array[];
}

/** The latents a head owns, and their weights on it. n latents. */
export interface OwnedWeights {
  features: Uint32Array;
  /** [n] share of the decoder row's norms over heads that is this head's. */
  shares: Float32Array;
  /** [n, d_head] `W_enc[h, :, i]` and `W_dec[i, h]`. */
  encoder: Float32Array;
  decoder: Float32Array;
  dHead: number;
}

/** One head's part of arrays that hold all heads side by side. */
export interface HeadColumns {
  data: Float32Array;
  stride: number;
  offset: number;
}

export interface HeadActivity {
  /** [T, T] attention of this head. */
  pattern: Float32Array;
  /** [T] rows of values (those of its group) and of z. */
  v: HeadColumns;
  z: HeadColumns;
}

/** What one latent reads and where it fires, as sums of |DFA| or activation over its firings. */
export class LatentProfile {
  firings = 0;
  activation = 0;
  /** |DFA| by class of the source token, and by bin of `DISTANCES`. */
  readonly classes = new Map<number, number>();
  readonly distances = new Float64Array(DISTANCES.length);
  /** |DFA| of the one source row that brings most, by its token. */
  readonly sources = new Map<number, number>();
  /** Activation by the token it fires on, and by its place. */
  readonly tokens = new Map<number, number>();
  readonly places = new Map<number, number>();
  /**
   * |DFA| of all rows; of those within 8 tokens; of those more than 64 away; of those after an earlier occurrence of
   * the token it fires on; of those occurrences themselves. The first row counts in the first only.
   */
  mass = { all: 0, local: 0, far: 0, induction: 0, duplicate: 0 };
}

const LOCAL = 8;
const FAR = 64;

const add = (map: Map<number, number>, key: number, value: number): void => {
  map.set(key, (map.get(key) ?? 0) + value);
};

/** Everything that was seen of one head: profiles of its latents, and each firing, text after text and row after row. */
export class HeadRun {
  readonly profiles: LatentProfile[];
  /** Of each firing: text, row, latent (place in `weights.features`), activation, the source row that brings most. */
  readonly text: number[] = [];
  readonly row: number[] = [];
  readonly latent: number[] = [];
  readonly value: number[] = [];
  readonly source: number[] = [];
  /** Of each text, summed over its judged rows: ‖z_h‖², and ‖z_h − Σ f_i W_dec[i, h]‖² over the owned latents. */
  readonly outputPower: number[] = [];
  readonly residualPower: number[] = [];
  readonly #places: ReadonlyMap<number, number>;

  constructor(readonly weights: OwnedWeights) {
    this.profiles = Array.from(weights.features, () => new LatentProfile());
    this.#places = new Map(Array.from(weights.features, (feature, i) => [feature, i]));
  }

  /**
   * Adds the next text. @param scales [T] what a token's features are multiplied by before they are added up; default 1
   */
  add(text: RoleText, codes: SparseCodes, activity: HeadActivity, scales?: Float32Array): void {
    const { dHead, decoder } = this.weights;
    const { z } = activity;
    const number = this.outputPower.length;
    const projections = new Map<number, Float64Array>();
    let [outputPower, residualPower] = [0, 0];
    const rest = new Float64Array(dHead);
    for (let row = FIRST_JUDGED; row < text.ids.length; row++) {
      for (let d = 0; d < dHead; d++) rest[d] = z.data[row * z.stride + z.offset + d]!;
      outputPower += squared(rest);
      for (let entry = codes.offsets[row]!; entry < codes.offsets[row + 1]!; entry++) {
        const latent = this.#places.get(codes.indices[entry]!);
        if (latent === undefined) continue;
        const value = codes.values[entry]! * (scales?.[row] ?? 1);
        for (let d = 0; d < dHead; d++) rest[d]! -= value * decoder[latent * dHead + d]!;
        let projected = projections.get(latent);
        if (!projected) projections.set(latent, (projected = this.#project(latent, activity.v, text)));
        this.#fire(text, { number, row, latent, value }, activity.pattern, projected);
      }
      residualPower += squared(rest);
    }
    this.outputPower.push(outputPower);
    this.residualPower.push(residualPower);
  }

  /** [T] v[s] · W_enc[h, :, i] */
  #project(latent: number, { data, stride, offset }: HeadColumns, { ids }: RoleText): Float64Array {
    const { encoder, dHead } = this.weights;
    return Float64Array.from(ids, (_, s) => {
      let sum = 0;
      for (let d = 0; d < dHead; d++) sum += data[s * stride + offset + d]! * encoder[latent * dHead + d]!;
      return sum;
    });
  }

  #fire(
    { ids, classes, places }: RoleText,
    { number, row, latent, value }: { number: number; row: number; latent: number; value: number },
    pattern: Float32Array,
    projected: Float64Array,
  ): void {
    const profile = this.profiles[latent]!;
    const { mass, distances } = profile;
    let [source, most] = [row, -1];
    for (let s = 0; s <= row; s++) {
      const size = Math.abs(pattern[row * ids.length + s]! * projected[s]!);
      if (size === 0) continue;
      if (size > most) [source, most] = [s, size];
      add(profile.classes, classes[s]!, size);
      distances[distanceBin(row, s)]! += size;
      mass.all += size;
      if (s === 0) continue;
      if (row - s <= LOCAL) mass.local += size;
      if (row - s > FAR) mass.far += size;
      if (s < row && ids[s] === ids[row]) mass.duplicate += size;
      if (s < row && ids[s - 1] === ids[row]) mass.induction += size;
    }
    profile.firings += 1;
    profile.activation += value;
    if (most > 0) add(profile.sources, ids[source]!, most);
    add(profile.tokens, ids[row]!, value);
    add(profile.places, places[row]!, value);
    this.text.push(number);
    this.row.push(row);
    this.latent.push(latent);
    this.value.push(value);
    this.source.push(source);
  }

  /** Calls `visit` for every row on which something fires, with the range of its firings. */
  eachRow(visit: (text: number, row: number, from: number, to: number) => void): void {
    for (let from = 0, to = 0; from < this.row.length; from = to) {
      while (to < this.row.length && this.row[to] === this.row[from] && this.text[to] === this.text[from])
        to += 1;
      visit(this.text[from]!, this.row[from]!, from, to);
    }
  }
}

function squared(vector: Float64Array): number {
  return vector.reduce((sum, value) => sum + value * value, 0);
}
