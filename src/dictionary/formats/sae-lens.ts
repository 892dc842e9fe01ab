import { toFloat16Bits, toFloat32 } from '../../shared/dtype.ts';
import { FacetError } from '../../shared/errors.ts';
import type { TensorReader } from '../../shared/tensor-file.ts';
import { architectureOf } from '../architectures/index.ts';
import type { TensorData } from '../record.ts';
import type { DictionaryFormat, Storage } from './format.ts';
import { parseSaeLensConfig, type SaeLensConfig } from './sae-lens-config.ts';

/**
 * SAELens, any version: `cfg.json` and `sae_weights.safetensors`.
 *
 * `rescale_acts_by_decoder_norm` selects on p · ‖W_dec_i‖ and divides by the norm again when decoding. Both are folded
 * into the weights: W_enc and b_enc times the norm, W_dec divided by it, so activations mean the same as in SAELens and
 * decoder rows have length one. Folded matrices are stored as f32, because f16 could not hold the products exactly.
 * @source SAELens `TopKSAE`
 */
export const saeLens: DictionaryFormat = {
  id: 'sae-lens',
  files: { config: 'cfg.json', weights: 'sae_weights.safetensors' },
  matches: (config) => typeof config === 'object' && config !== null && 'd_in' in config && 'd_sae' in config,
  read(json, weights, storage) {
    const config = parseSaeLensConfig(json);
    const architecture = architectureOf(config.architecture);
    const shapes = Object.entries(architecture.tensors).map(([name, axes]) => {
      const shape = axes.map((axis) => (axis === 'd_in' ? config.dIn : config.dSae));
      checkTensor(weights, name, shape);
      return [name, shape] as const;
    });
    const reader = new Reader(config, weights, storage);
    return {
      hook: config.hook,
      dIn: config.dIn,
      dSae: config.dSae,
      architecture: architecture.id,
      k: config.k,
      subtractDecoderBias: config.applyDecoderBiasToInput,
      source: {
        format: 'sae-lens',
        modelName: config.modelName,
        datasetPath: config.datasetPath,
        contextSize: config.contextSize,
        prependBos: config.prependBos,
        version: config.version,
      },
      tensors: new Map(shapes.map(([name, shape]) => [name, () => reader.read(name, shape)])),
    };
  },
};

function checkTensor(weights: TensorReader, name: string, shape: readonly number[]): void {
  const info = weights.info(name);
  if (!info) throw new FacetError('bad-file', `The weights file has no tensor "${name}".`);
  if (!['F32', 'F16', 'BF16'].includes(info.dtype)) {
    throw new FacetError('unsupported', `Tensor "${name}" is of type ${info.dtype}.`, {
      hint: 'Supported are F32, F16 and BF16.',
    });
  }
  if (info.shape.length !== shape.length || info.shape.some((size, axis) => size !== shape[axis])) {
    throw new FacetError(
      'bad-file',
      `Tensor "${name}" has shape [${info.shape.join(', ')}]; cfg.json says [${shape.join(', ')}].`,
    );
  }
}

/** Reads tensors one at a time, with the decoder norms folded in when the configuration asks for it. */
class Reader {
  #norms: Promise<Float32Array> | undefined;

  constructor(
    private readonly config: SaeLensConfig,
    private readonly weights: TensorReader,
    private readonly storage: Storage,
  ) {}

  async read(name: string, shape: readonly number[]): Promise<TensorData> {
    const { dtype } = this.weights.info(name)!;
    const fold = this.config.rescaleByDecoderNorm;
    if (shape.length === 2 && dtype === 'F16' && this.storage === 'file' && !fold) {
      return { data: toFloat16Bits(await this.#bytes(name, shape), dtype), shape };
    }
    const data = toFloat32(await this.#bytes(name, shape), dtype);
    if (fold && name !== 'b_dec') this.#fold(name, data, await this.#decoderNorms());
    return { data, shape };
  }

  async #bytes(name: string, shape: readonly number[]): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await this.weights.read(name);
    const size = shape.reduce(
      (product, axis) => product * axis,
      this.weights.info(name)!.dtype === 'F32' ? 4 : 2,
    );
    if (bytes.byteLength !== size) {
      throw new FacetError('bad-file', `Tensor "${name}" has ${bytes.byteLength} bytes instead of ${size}.`);
    }
    return bytes;
  }

  #decoderNorms(): Promise<Float32Array> {
    const { dIn, dSae } = this.config;
    this.#norms ??= this.#bytes('W_dec', [dSae, dIn]).then((bytes) => {
      const rows = toFloat32(bytes, this.weights.info('W_dec')!.dtype);
      return Float32Array.from({ length: dSae }, (_, feature) => {
        let sum = 0;
        for (let i = feature * dIn; i < (feature + 1) * dIn; i++) sum += rows[i]! * rows[i]!;
        return Math.sqrt(sum);
      });
    });
    return this.#norms;
  }

  /** Everything indexed by latent on the way in is multiplied; decoder rows are divided, rows of length 0 stay 0. */
  #fold(name: string, data: Float32Array, norms: Float32Array): void {
    const { dIn, dSae } = this.config;
    if (name === 'W_dec') {
      for (let i = 0; i < data.length; i++) {
        const norm = norms[Math.floor(i / dIn)]!;
        if (norm > 0) data[i]! /= norm;
      }
    } else {
      for (let i = 0; i < data.length; i++) data[i]! *= norms[i % dSae]!;
    }
  }
}
