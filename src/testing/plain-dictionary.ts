import type { Dictionary } from '../dictionary/dictionary.ts';
import { uploadDictionary } from '../dictionary/load.ts';
import type { DictionaryRecord, Normalization, RecordTensor } from '../dictionary/record.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { TestRandom } from './random.ts';

export interface PlainSpec {
  hook: string;
  /** Default: `hook`. */
  hookOut?: string;
  headIndex?: number;
  dIn: number;
  dOut?: number;
  dSae: number;
  architecture: 'topk' | 'jumprelu' | 'standard';
  /** Of TopK. */
  k?: number;
  /** Of the encoder's bias; large ones leave many latents active. */
  bias?: number;
  normalization?: Normalization;
  /** Whether a matrix [d_out, d_in] goes past the latents. */
  skips?: boolean;
}

/** A small random dictionary, and the same in f64 one row at a time. */
export class PlainDictionary {
  readonly record: DictionaryRecord;
  /** By the names of `DictionaryRecord.tensors`. */
  readonly #values: Record<string, Float32Array<ArrayBuffer>>;

  constructor(readonly spec: PlainSpec) {
    const { hook, dIn, dSae, architecture } = spec;
    const { hookOut = hook, dOut = dIn, bias = -0.1, normalization = 'none' } = spec;
    const random = new TestRandom(dSae + dIn);
    const values: Record<string, Float32Array<ArrayBuffer>> = {
      W_enc: random.normal(dIn * dSae, 1 / Math.sqrt(dIn)),
      b_enc: random.normal(dSae, 0.1).map((value) => value + bias),
      W_dec: random.normal(dSae * dOut, 1 / Math.sqrt(dOut)),
      b_dec: random.normal(dOut, 0.2),
    };
    if (architecture === 'jumprelu') values['threshold'] = random.normal(dSae, 0.2).map(Math.abs);
    if (spec.skips) values['W_skip'] = random.normal(dOut * dIn, 0.3);
    const shapes: Record<string, number[]> = { W_enc: [dIn, dSae], W_dec: [dSae, dOut], W_skip: [dOut, dIn] };
    this.#values = values;
    this.record = {
      hook,
      hookOut,
      headIndex: spec.headIndex,
      dIn,
      dOut,
      dSae,
      architecture,
      k: spec.k,
      subtractDecoderBias: hookOut === hook,
      normalization,
      restores: hookOut === hook,
      centre: false,
      source: { format: 'test' },
      tensors: new Map(
        Object.entries(values).map(([name, data]) => [name, inMemory(data, shapes[name] ?? [data.length])]),
      ),
    };
  }

  upload(gpu: Gpu): Promise<Dictionary> {
    return uploadDictionary(gpu, 'plain', this.record);
  }

  /** [d_out] */
  direction(feature: number): Float32Array {
    const { dOut } = this.record;
    return this.#values['W_dec']!.subarray(feature * dOut, (feature + 1) * dOut);
  }

  /** Shift and size of a row. @source SAELens `SAE._setup_activation_normalization` */
  #size(x: ArrayLike<number>): { shift: number; size: number } {
    const row = Array.from(x);
    if (this.record.normalization !== 'layer_norm') return { shift: 0, size: 1 };
    const shift = row.reduce((sum, value) => sum + value, 0) / row.length;
    const square = row.reduce((sum, value) => sum + (value - shift) ** 2, 0);
    return { shift, size: Math.sqrt(square / (row.length - 1)) };
  }

  /** What a unit of a feature is multiplied by in this row. */
  scale(x: ArrayLike<number>): number {
    return this.record.restores ? this.#size(x).size : 1;
  }

  /** [d_sae] activations of one row x [d_in]. */
  encode(x: ArrayLike<number>): Float64Array {
    const { dIn, dSae, subtractDecoderBias, k = dSae } = this.record;
    const { W_enc: wEnc, b_enc: bEnc, b_dec: bDec, threshold } = this.#values;
    const { shift, size } = this.#size(x);
    const divisor = this.record.normalization === 'layer_norm' ? size + 1e-5 : 1;
    const s = Float64Array.from(
      x,
      (value, i) => (value - shift) / divisor - (subtractDecoderBias ? bDec![i]! : 0),
    );
    const p = Float64Array.from(bEnc!, (bias, f) =>
      s.reduce((sum, value, i) => sum + value * wEnc![i * dSae + f]!, bias),
    );
    if (s.length !== dIn) throw new Error(`a row of ${s.length} values, not ${dIn}`);
    const least = p.toSorted((a, b) => b - a)[Math.min(k, dSae) - 1]!;
    return p.map((value, f) => (value >= least && value > (threshold?.[f] ?? 0) ? value : 0));
  }

  /** [d_out] x̂ of one row. */
  decode(f: Float64Array, x: ArrayLike<number>): Float64Array {
    const { b_dec: bDec, W_skip: wSkip } = this.#values;
    const { dIn, restores } = this.record;
    const sum = Float64Array.from(bDec!);
    f.forEach((value, feature) => {
      if (value !== 0) this.direction(feature).forEach((row, c) => (sum[c]! += value * row));
    });
    const { shift, size } = restores ? this.#size(x) : { shift: 0, size: 1 };
    return sum.map((value, c) => {
      const skipped = wSkip ? Array.from(x).reduce((all, each, i) => all + each * wSkip[c * dIn + i]!, 0) : 0;
      return value * size + shift + skipped;
    });
  }
}

function inMemory(data: Float32Array<ArrayBuffer>, shape: readonly number[]): RecordTensor {
  const [rows, columns] = shape.length === 1 ? [1, shape[0]!] : [shape[0]!, shape[1]!];
  return {
    shape,
    dtype: 'f32',
    async *blocks() {
      yield { row: 0, column: 0, rows, columns, data };
    },
  };
}
