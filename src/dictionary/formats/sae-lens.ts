import { FacetError } from '../../shared/errors.ts';
import { architectureOf } from '../architectures/index.ts';
import type { DictionaryRecord, RecordTensor } from '../record.ts';
import { type Scaling, TensorSource, vectorOf, vectorValues } from '../tensor-source.ts';
import { beside, type DictionaryFormat, hasKeys } from './format.ts';
import { parseSaeLensConfig, type SaeLensConfig } from './sae-lens-config.ts';

/**
 * SAELens, any version: `cfg.json` and `sae_weights.safetensors`, as saved for use or in the middle of training.
 *
 * `rescale_acts_by_decoder_norm` selects on p · ‖W_dec_i‖ and divides by the norm again when decoding. Both are folded
 * into the weights: W_enc and b_enc times the norm, W_dec divided by it, so activations mean the same as in SAELens and
 * decoder rows have length one. Folded matrices are stored as f32, because f16 could not hold the products exactly.
 * @source SAELens 6.54 `saes/*.py`, `loading/pretrained_sae_loaders.py`
 */
export const saeLens: DictionaryFormat = {
  id: 'sae-lens',
  files: {
    weights: /(^|\/)sae_weights\.safetensors$/,
    config: (weights) => beside(weights, 'cfg.json'),
    names: 'cfg.json, sae_weights.safetensors',
  },
  matches: ({ config }) => hasKeys(config, 'd_in', 'd_sae'),
  async read({ config: json, weights, path, repository }, storage) {
    const config = parseSaeLensConfig(json, { path, repository });
    const { vectors } = architectureOf(config.architecture);
    const source = new TensorSource(weights, storage, 'cfg.json');
    const tensors = new Tensors(source, config);
    const named = new Map<string, RecordTensor>([
      ['W_enc', tensors.encoder()],
      ...vectors.map((name): [string, RecordTensor] => [name, tensors.vector(name)]),
      ['W_dec', tensors.decoder()],
      ['b_dec', tensors.decoderBias()],
    ]);
    if (config.skips) named.set('W_skip', source.matrix('W_skip', [config.dOut, config.dIn]));
    return record(config, named);
  },
};

function record(config: SaeLensConfig, tensors: Map<string, RecordTensor>): DictionaryRecord {
  const { hook, hookOut, headIndex, dIn, dOut, dSae, architecture, k, normalization, centre } = config;
  const { modelName, datasetPath, contextSize, prependBos, version, notes } = config;
  return {
    hook,
    hookOut,
    headIndex,
    dIn,
    dOut,
    dSae,
    architecture,
    k,
    subtractDecoderBias: config.applyDecoderBiasToInput,
    normalization,
    restores: !config.transcodes,
    centre,
    source: { format: 'sae-lens', modelName, datasetPath, contextSize, prependBos, version, notes },
    tensors,
  };
}

/** The tensors of a file, with what the configuration asks for folded in. */
class Tensors {
  #norms: Promise<Float32Array> | undefined;
  readonly #factors: string | undefined;

  constructor(
    private readonly source: TensorSource,
    private readonly config: SaeLensConfig,
  ) {
    // Kept from version 5: what finetuning multiplied activations by before decoding.
    this.#factors = ['finetuning_scaling_factor', 'scaling_factor'].find((name) => source.has(name));
  }

  encoder(): RecordTensor {
    const { dIn, dSae } = this.config;
    return this.source.matrix('W_enc', [dIn, dSae], { scale: this.#encoderScale() });
  }

  decoder(): RecordTensor {
    const { dOut, dSae } = this.config;
    return this.source.matrix('W_dec', [dSae, dOut], { scale: this.#decoderScale() });
  }

  decoderBias(): RecordTensor {
    const { dOut, inputScale = 1 } = this.config;
    return this.source.vector('b_dec', dOut, (values) => {
      for (let i = 0; i < values.length; i++) values[i]! /= inputScale;
    });
  }

  vector(name: string): RecordTensor {
    const { dSae, rescaleByDecoderNorm } = this.config;
    if (name === 'threshold') return this.#threshold();
    return this.source.vector(name, dSae, async (values) => {
      if (!rescaleByDecoderNorm) return;
      const norms = await this.#decoderNorms();
      for (let i = 0; i < values.length; i++) values[i]! *= norms[i]!;
    });
  }

  /** Thresholds of each latent; their logarithms in older training files; one for all latents in those of BatchTopK. */
  #threshold(): RecordTensor {
    const { source } = this;
    const { dSae, architecture } = this.config;
    if (architecture === 'batchtopk') {
      source.shape('topk_threshold');
      return vectorOf(dSae, async () => new Float32Array(dSae).fill(await source.number('topk_threshold')));
    }
    if (source.has('threshold') || !source.has('log_threshold')) return source.vector('threshold', dSae);
    return source.vector('log_threshold', dSae, (values) => {
      for (let i = 0; i < values.length; i++) values[i] = Math.exp(values[i]!);
    });
  }

  #encoderScale(): Scaling | undefined {
    const { rescaleByDecoderNorm, inputScale, dSae } = this.config;
    if (rescaleByDecoderNorm) return { by: 'column', values: () => this.#decoderNorms() };
    if (inputScale === undefined) return undefined;
    return { by: 'column', values: async () => new Float32Array(dSae).fill(inputScale) };
  }

  #decoderScale(): Scaling | undefined {
    const { rescaleByDecoderNorm, inputScale, finetuningScaling, dSae } = this.config;
    if (this.#factors) {
      if (rescaleByDecoderNorm || inputScale !== undefined)
        throw new FacetError(
          'unsupported',
          `This dictionary has both "${this.#factors}" and a scaled decoder.`,
        );
      const factors = this.source.vector(this.#factors, dSae);
      return {
        by: 'row',
        values: async () => this.#checkedFactors(await vectorValues(factors), finetuningScaling),
      };
    }
    if (rescaleByDecoderNorm) return { by: 'row', values: () => this.#decoderNorms(), divide: true };
    if (inputScale === undefined) return undefined;
    return { by: 'row', values: async () => new Float32Array(dSae).fill(inputScale), divide: true };
  }

  /** Factors that are not all 1 count only when the configuration says that there are any. */
  #checkedFactors(factors: Float32Array, expected: boolean): Float32Array {
    if (expected || factors.every((factor) => Math.abs(factor - 1) <= 1e-5)) return factors;
    throw new FacetError(
      'bad-file',
      `The weights have a "${this.#factors}", but cfg.json says there is none (finetuning_scaling_factor).`,
    );
  }

  #decoderNorms(): Promise<Float32Array> {
    const { dSae, dOut } = this.config;
    this.#norms ??= this.source.norms('W_dec', [dSae, dOut]);
    return this.#norms;
  }
}
