import { FacetError } from '../shared/errors.ts';

export type ActivationName = 'relu' | 'gelu' | 'gelu_new' | 'silu';

/** What the runtime needs to know of a model, whatever its family called it. Names follow TransformerLens. */
export interface ModelConfig {
  family: string;
  nLayers: number;
  dModel: number;
  nHeads: number;
  /** Fewer than `nHeads` means grouped-query attention. */
  nKvHeads: number;
  dHead: number;
  dMlp: number;
  dVocab: number;
  nCtx: number;
  activation: ActivationName;
  normEps: number;
  /** Attention scores are q·k times this. */
  attentionScale: number;
}

const LIMITS = {
  nLayers: 128,
  dModel: 16_384,
  nHeads: 256,
  dHead: 256,
  dMlp: 131_072,
  dVocab: 1_048_576,
  nCtx: 1_048_576,
};

/**
 * Bounds that hold for every family, checked before anything is allocated.
 * @throws FacetError `unsupported` naming the field, what it is and what the kernels take
 */
export function checkConfig(config: ModelConfig): ModelConfig {
  for (const [field, most] of Object.entries(LIMITS) as [keyof typeof LIMITS, number][]) {
    const value = config[field];
    if (!Number.isInteger(value) || value < 1 || value > most) {
      throw new FacetError(
        'unsupported',
        `The model's ${field} is ${value}; supported are whole numbers from 1 to ${most}.`,
      );
    }
  }
  for (const field of ['dModel', 'dHead', 'dMlp'] as const) {
    if (config[field] % 4 !== 0) {
      throw new FacetError(
        'unsupported',
        `The model's ${field} is ${config[field]}; the kernels read four values at a time, so it must be a multiple of 4.`,
      );
    }
  }
  if (config.nHeads % config.nKvHeads !== 0) {
    throw new FacetError(
      'unsupported',
      `${config.nHeads} query heads cannot share ${config.nKvHeads} key/value heads evenly.`,
    );
  }
  return config;
}
