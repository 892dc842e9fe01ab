import { seededChoices, seededIntegers, seededValues, seedOf } from './seeded.ts';

/**
 * What is timed: shapes and seeded inputs, shared with `bench/`, where other runtimes are given the same numbers. Nothing of
 * the engine is imported here. Names of sizes are TransformerLens's and SAELens's; T is the number of tokens.
 */

/** A model made of seeded weights, by the names its checkpoint on the hub has. */
export interface SeededModel {
  /** Contents of `config.json`. */
  config: Readonly<Record<string, unknown>>;
  tensors: readonly SeededTensor[];
}

export interface SeededTensor {
  name: string;
  shape: readonly number[];
  /** Values are uniform in [centre − scale, centre + scale); see `tensorValues`. */
  scale: number;
  centre: number;
}

export type WorkloadShape =
  /** One transformer block, residual stream in and out. */
  | { kind: 'block'; tokens: number; model: 'gpt2-block' }
  /** Tokens in, logits of every position out. `open`: the model that is open in the page. */
  | { kind: 'forward'; tokens: number; model: ModelChoice }
  /** Pre-activations, the k largest of each token, ReLU. */
  | { kind: 'encode'; tokens: number; dIn: number; dSae: number; k: number }
  /** x · W_enc + b_enc alone, stored in full. */
  | { kind: 'encoder-matmul'; tokens: number; dIn: number; dSae: number }
  /** k decoder rows a token, summed. */
  | { kind: 'decode'; tokens: number; dIn: number; dSae: number; k: number }
  /** One token after `context` others whose keys and values are kept; logits out. */
  | { kind: 'step'; context: number; model: ModelChoice }
  /** A direction added before the middle layer; the next-token distribution at the last row out. */
  | { kind: 'steer'; tokens: number; model: 'open' }
  /** Causal attention, its blocks of keys left out at random but for the first and the diagonal. */
  | { kind: 'attention'; tokens: number; nHeads: number; dHead: number; blockSize: number; skipped: number };

export type WorkloadKind = WorkloadShape['kind'];
export type ModelChoice = 'open' | SeededModelName;
export type SeededModelName = 'gpt2-block' | 'gpt2' | 'smollm2-135m';

export interface BenchWorkload {
  id: string;
  title: string;
  /** What is computed, from which inputs to which output. */
  about: string;
  shape: WorkloadShape;
  /** Another workload whose time it is given as a ratio to, round by round. */
  beside?: string;
  /** Bytes of weights that must be made and put on the device first: not chosen unless asked for. */
  heavyBytes?: number;
}

const D_IN = 768;
const D_SAE = 24_576;
const K = 32;
const HEADS = { nHeads: 12, dHead: 64, blockSize: 16 };
const SKIPPED = [0, 50, 75, 90];
const ENCODED = [1, 64, 256];

export const benchWorkloads: readonly BenchWorkload[] = [
  ...[64, 256].map((tokens): BenchWorkload => ({
    id: `block-${tokens}`,
    title: `GPT-2-small block, ${tokens} tokens`,
    about: 'One transformer block (d_model 768, 12 heads, d_mlp 3,072) from resid_pre to resid_post.',
    shape: { kind: 'block', tokens, model: 'gpt2-block' },
  })),
  {
    id: 'forward-open',
    title: 'The open model, 64 tokens, all logits',
    about: 'The model open in this page, from token ids to the logits of every position.',
    shape: { kind: 'forward', tokens: 64, model: 'open' },
  },
  {
    id: 'forward-smollm2',
    title: 'SmolLM2-135M’s shape, 32 tokens, all logits',
    about:
      'A Llama of 30 layers (d_model 576, 9 query and 3 key/value heads, d_mlp 1,536, vocabulary 49,152) with random weights, from token ids to the logits of every position.',
    shape: { kind: 'forward', tokens: 32, model: 'smollm2-135m' },
    heavyBytes: 538_000_000,
  },
  ...ENCODED.flatMap((tokens): BenchWorkload[] => [
    {
      id: `encoder-matmul-${tokens}`,
      title: `Encoder matmul alone, ${tokens === 1 ? '1 token' : `${tokens} tokens`}`,
      about: `x · W_enc + b_enc, ${D_IN} → 24,576, every pre-activation stored.`,
      shape: { kind: 'encoder-matmul', tokens, dIn: D_IN, dSae: D_SAE },
    },
    {
      id: `encode-${tokens}`,
      title: `Encode, TopK 32 of 24,576, ${tokens === 1 ? '1 token' : `${tokens} tokens`}`,
      about: `The ${K} largest of 24,576 pre-activations of each token, then ReLU; ratio to the encoder matmul alone.`,
      shape: { kind: 'encode', tokens, dIn: D_IN, dSae: D_SAE, k: K },
      beside: `encoder-matmul-${tokens}`,
    },
  ]),
  {
    id: 'decode-64',
    title: 'Sparse decode, 64 tokens of 32 features',
    about: 'b_dec and 32 of 24,576 rows of W_dec summed for each token, 768 values each.',
    shape: { kind: 'decode', tokens: 64, dIn: D_IN, dSae: D_SAE, k: K },
  },
  {
    id: 'step-open',
    title: 'One decode step of the open model after 128 tokens',
    about: 'One more token with the keys and values of the tokens before it kept, to its logits.',
    shape: { kind: 'step', context: 128, model: 'open' },
  },
  {
    id: 'step-gpt2',
    title: 'One decode step of GPT-2 small’s shape after 128 tokens',
    about:
      'The same with 12 layers (d_model 768, 12 heads, d_mlp 3,072, vocabulary 50,257) of random weights.',
    shape: { kind: 'step', context: 128, model: 'gpt2' },
    heavyBytes: 498_000_000,
  },
  {
    id: 'steer-open',
    title: 'Steer the open model at its middle layer',
    about:
      'A direction added before the middle layer, the layers from there on from the kept residual, and what follows the last token; ratio to the whole forward pass with all logits.',
    shape: { kind: 'steer', tokens: 64, model: 'open' },
    beside: 'forward-open',
  },
  ...SKIPPED.map((skipped): BenchWorkload => ({
    id: `attention-${skipped}`,
    title: skipped === 0 ? 'Attention, dense, 1,024 tokens' : `Attention, ${skipped} % of blocks skipped`,
    about: `Causal attention of 12 heads of 64 over 1,024 tokens in blocks of 16${
      skipped === 0 ? '' : '; ratio to dense'
    }.`,
    shape: { kind: 'attention', tokens: 1_024, ...HEADS, skipped: skipped / 100 },
    ...(skipped > 0 && { beside: 'attention-0' }),
  })),
];

// Uniform values of this scale have the spread of GPT-2's initial weights, 0.02.
const WEIGHT_SCALE = 0.02 * Math.sqrt(3);

const matrix = (name: string, rows: number, columns: number): SeededTensor => ({
  name,
  shape: [rows, columns],
  scale: WEIGHT_SCALE,
  centre: 0,
});
const vector = (name: string, length: number, centre: number): SeededTensor => ({
  name,
  shape: [length],
  scale: 0.1,
  centre,
});

function gpt2Model(layers: number, vocab: number, context: number): SeededModel {
  const d = 768;
  const norm = (name: string) => [vector(`${name}.weight`, d, 1), vector(`${name}.bias`, d, 0)];
  const linear = (name: string, k: number, n: number) => [
    matrix(`${name}.weight`, k, n),
    vector(`${name}.bias`, n, 0),
  ];
  return {
    config: {
      model_type: 'gpt2',
      n_layer: layers,
      n_head: 12,
      n_embd: d,
      n_positions: context,
      vocab_size: vocab,
    },
    tensors: [
      matrix('wte.weight', vocab, d),
      matrix('wpe.weight', context, d),
      ...Array.from({ length: layers }, (_, layer) => `h.${layer}`).flatMap((at) => [
        ...norm(`${at}.ln_1`),
        ...linear(`${at}.attn.c_attn`, d, 3 * d),
        ...linear(`${at}.attn.c_proj`, d, d),
        ...norm(`${at}.ln_2`),
        ...linear(`${at}.mlp.c_fc`, d, 4 * d),
        ...linear(`${at}.mlp.c_proj`, 4 * d, d),
      ]),
      ...norm('ln_f'),
    ],
  };
}

function smolLm2(): SeededModel {
  const [d, kv, mlp, vocab] = [576, 192, 1_536, 49_152];
  return {
    config: {
      model_type: 'llama',
      num_hidden_layers: 30,
      num_attention_heads: 9,
      num_key_value_heads: 3,
      hidden_size: d,
      intermediate_size: mlp,
      vocab_size: vocab,
      max_position_embeddings: 8_192,
      rope_theta: 100_000,
      rms_norm_eps: 1e-5,
      hidden_act: 'silu',
      tie_word_embeddings: true,
    },
    tensors: [
      matrix('model.embed_tokens.weight', vocab, d),
      ...Array.from({ length: 30 }, (_, layer) => `model.layers.${layer}`).flatMap((at) => [
        vector(`${at}.input_layernorm.weight`, d, 1),
        matrix(`${at}.self_attn.q_proj.weight`, d, d),
        matrix(`${at}.self_attn.k_proj.weight`, kv, d),
        matrix(`${at}.self_attn.v_proj.weight`, kv, d),
        matrix(`${at}.self_attn.o_proj.weight`, d, d),
        vector(`${at}.post_attention_layernorm.weight`, d, 1),
        matrix(`${at}.mlp.gate_proj.weight`, mlp, d),
        matrix(`${at}.mlp.up_proj.weight`, mlp, d),
        matrix(`${at}.mlp.down_proj.weight`, d, mlp),
      ]),
      vector('model.norm.weight', d, 1),
    ],
  };
}

/** The seeded models by name; `gpt2-block` is one layer, with a vocabulary nobody reads. */
export const seededModels: Readonly<Record<SeededModelName, () => SeededModel>> = {
  'gpt2-block': () => gpt2Model(1, 4, 256),
  gpt2: () => gpt2Model(12, 50_257, 1_024),
  'smollm2-135m': smolLm2,
};

/** Elements from … to − 1 of a seeded tensor, row-major. */
export function tensorValues(
  { name, shape, scale, centre }: SeededTensor,
  from = 0,
  to = shape.reduce((product, size) => product * size, 1),
): Float32Array<ArrayBuffer> {
  return seededValues(seedOf(name), to - from, { scale, centre, from });
}

/** [T] token ids. */
export function tokenIds(tokens: number, dVocab: number): Uint32Array<ArrayBuffer> {
  return seededIntegers(seedOf('tokens'), tokens, dVocab);
}

/** [T, d_model] what a block reads, `hook_resid_pre`. */
export function residualStream(tokens: number, dModel: number): Float32Array<ArrayBuffer> {
  return seededValues(seedOf('residual'), tokens * dModel);
}

/** A dictionary of `dIn` values a token: W_enc [d_in, d_sae], b_enc [d_sae], W_dec [d_sae, d_in], b_dec [d_in]. */
export const dictionaryTensors = (dIn: number, dSae: number) =>
  ({
    W_enc: { name: 'W_enc', shape: [dIn, dSae], scale: WEIGHT_SCALE, centre: 0 },
    b_enc: { name: 'b_enc', shape: [dSae], scale: 0.1, centre: 0 },
    W_dec: { name: 'W_dec', shape: [dSae, dIn], scale: WEIGHT_SCALE, centre: 0 },
    b_dec: { name: 'b_dec', shape: [dIn], scale: 0.1, centre: 0 },
  }) as const satisfies Record<string, SeededTensor>;

/** What a sparse decode is given: [T, k] different features of each token, and their values. */
export function sparseCodes(shape: { tokens: number; dSae: number; k: number }): {
  indices: Uint32Array<ArrayBuffer>;
  values: Float32Array<ArrayBuffer>;
} {
  const { tokens, dSae, k } = shape;
  return {
    indices: seededChoices(seedOf('features'), tokens, k, dSae),
    values: seededValues(seedOf('values'), tokens * k, { centre: 1, scale: 0.5 }),
  };
}

/** [d_model] what steering adds, long enough to be felt. */
export function steeringDirection(dModel: number): Float32Array<ArrayBuffer> {
  return seededValues(seedOf('direction'), dModel, { scale: 0.5 });
}

/** Queries, keys and values [T, n_heads, d_head]. */
export function headValues(shape: {
  tokens: number;
  nHeads: number;
  dHead: number;
}): Record<'q' | 'k' | 'v', Float32Array<ArrayBuffer>> {
  const count = shape.tokens * shape.nHeads * shape.dHead;
  const of = (name: string) => seededValues(seedOf(name), count);
  return { q: of('query'), k: of('key'), v: of('value') };
}
