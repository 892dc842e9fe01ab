import { FacetError } from '../shared/errors.ts';

export type ActivationName = 'relu' | 'gelu' | 'gelu_new' | 'silu';

/** Rotary positions: pair (i, i + dims/2) of the first `dims` values of a head turns by position · θ^(−2i/dims). */
export interface Rope {
  /** Even, at most `dHead`. */
  dims: number;
  theta: number;
  scaling?:
    | { type: 'linear'; factor: number }
    | {
        type: 'llama3';
        factor: number;
        lowFreqFactor: number;
        highFreqFactor: number;
        originalContext: number;
      };
}

/** What may differ from layer to layer. */
export interface LayerConfig {
  /** A query sees this many keys, itself included; 0: all before it. */
  window: number;
  /** None: no rotation. Layers that share frequencies share the object. */
  rope?: Rope;
}

/**
 * What the runtime needs to know of a model, whatever its family called it: variants are data here, so that a pass asks
 * what to compute and never which family it is. Names follow TransformerLens.
 */
export interface ModelConfig {
  family: string;
  nLayers: number;
  dModel: number;
  nHeads: number;
  /** Fewer than `nHeads` means grouped-query attention. */
  nKvHeads: number;
  /** Need not be dModel / nHeads. */
  dHead: number;
  dMlp: number;
  dVocab: number;
  nCtx: number;
  layers: readonly LayerConfig[];
  /** Position rows added to the embedding. */
  learnedPositions: boolean;
  /** What the embedding is multiplied by before it enters the residual stream. */
  embedScale: number;
  /** `LN` centres and has a bias, `RMS` does neither. */
  norm: 'LN' | 'RMS';
  normEps: number;
  /** Attention's and the MLP's outputs are normed too, before they are added (`use_normalization_before_and_after`). */
  sandwich: boolean;
  /** Attention and MLP both read the block's input, and there is no `hook_resid_mid`. */
  parallel: boolean;
  /** RMSNorm over each head's query and key, before rotation. */
  qkNorm: boolean;
  /** Attention scores are q·k times this. */
  attentionScale: number;
  /** Scores become cap · tanh(score / cap) before the mask; 0: not. */
  attentionCap: number;
  activation: ActivationName;
  /** MLP(x) = (activation(x·W_gate) ⊙ x·W_in)·W_out. */
  gated: boolean;
  /** Which projections have one: q, k and v; attention's output; both of the MLP. */
  biases: { qkv: boolean; out: boolean; mlp: boolean };
  /** The unembedding is the embedding. */
  tied: boolean;
  /** Logits become cap · tanh(logit / cap); 0: not. */
  logitCap: number;
}

/** The plainest variant of everything; families say where they differ. */
export const PLAIN = {
  learnedPositions: false,
  embedScale: 1,
  norm: 'LN',
  sandwich: false,
  parallel: false,
  qkNorm: false,
  attentionCap: 0,
  gated: false,
  biases: { qkv: false, out: false, mlp: false },
  logitCap: 0,
} as const satisfies Partial<ModelConfig>;

const LIMITS = {
  nLayers: 128,
  dModel: 16_384,
  nHeads: 256,
  nKvHeads: 256,
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
  const refuse = (message: string): never => {
    throw new FacetError('unsupported', message);
  };
  for (const [field, most] of Object.entries(LIMITS) as [keyof typeof LIMITS, number][]) {
    const value = config[field];
    if (!Number.isInteger(value) || value < 1 || value > most)
      refuse(`The model's ${field} is ${value}; supported are whole numbers from 1 to ${most}.`);
  }
  for (const field of ['dModel', 'dHead', 'dMlp'] as const) {
    if (config[field] % 4 !== 0)
      refuse(
        `The model's ${field} is ${config[field]}; the kernels read four values at a time, so it must be a multiple of 4.`,
      );
  }
  if (config.nHeads % config.nKvHeads !== 0)
    refuse(`${config.nHeads} query heads cannot share ${config.nKvHeads} key/value heads evenly.`);
  for (const { rope } of config.layers) {
    if (rope && (rope.dims < 2 || rope.dims % 2 !== 0 || rope.dims > config.dHead))
      refuse(`Rotary positions over ${rope.dims} of ${config.dHead} values of a head are not supported.`);
  }
  return config;
}
