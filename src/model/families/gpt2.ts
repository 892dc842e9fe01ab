import * as v from 'valibot';
import { FacetError } from '../../shared/errors.ts';
import { type ActivationName, checkConfig, type ModelConfig } from '../config.ts';
import type { ModelFamily, WeightSpec } from './family.ts';

const size = v.pipe(v.number(), v.integer(), v.minValue(1));

const schema = v.object({
  n_layer: size,
  n_head: size,
  n_embd: size,
  n_inner: v.nullish(size),
  n_positions: v.optional(size),
  n_ctx: v.optional(size),
  vocab_size: size,
  activation_function: v.optional(v.string(), 'gelu_new'),
  layer_norm_epsilon: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 1e-5),
  scale_attn_weights: v.optional(v.boolean(), true),
  scale_attn_by_inverse_layer_idx: v.optional(v.boolean(), false),
  tie_word_embeddings: v.optional(v.boolean(), true),
});

const ACTIVATIONS: Record<string, ActivationName> = {
  gelu_new: 'gelu_new',
  gelu_pytorch_tanh: 'gelu_new',
  gelu: 'gelu',
  relu: 'relu',
  silu: 'silu',
  swish: 'silu',
};

function parseConfig(json: unknown): ModelConfig {
  const parsed = v.safeParse(schema, json);
  if (!parsed.success) {
    const { message } = parsed.issues[0];
    throw new FacetError(
      'bad-file',
      `config.json is not a GPT-2 configuration: ${v.getDotPath(parsed.issues[0]) ?? 'root'}: ${message}`,
    );
  }
  const config = parsed.output;
  if (config.scale_attn_by_inverse_layer_idx) {
    throw new FacetError('unsupported', 'scale_attn_by_inverse_layer_idx is not supported.');
  }
  if (!config.tie_word_embeddings)
    throw new FacetError('unsupported', 'An unembedding apart from the embedding is not supported yet.');
  const activation = Object.hasOwn(ACTIVATIONS, config.activation_function)
    ? ACTIVATIONS[config.activation_function]
    : undefined;
  if (!activation)
    throw new FacetError('unsupported', `The activation "${config.activation_function}" is not supported.`);
  if (config.n_embd % config.n_head !== 0) {
    throw new FacetError('bad-file', `n_embd ${config.n_embd} is not a multiple of n_head ${config.n_head}.`);
  }
  const dHead = config.n_embd / config.n_head;
  return checkConfig({
    family: 'gpt2',
    nLayers: config.n_layer,
    dModel: config.n_embd,
    nHeads: config.n_head,
    nKvHeads: config.n_head,
    dHead,
    dMlp: config.n_inner ?? 4 * config.n_embd,
    dVocab: config.vocab_size,
    nCtx: config.n_positions ?? config.n_ctx ?? 1024,
    activation,
    normEps: config.layer_norm_epsilon,
    attentionScale: config.scale_attn_weights ? 1 / Math.sqrt(dHead) : 1,
  });
}

function weights(config: ModelConfig): WeightSpec[] {
  const { nLayers, dModel: d, dMlp, dVocab, nCtx } = config;
  // The hub's own GPT-2 has bare names; files saved by transformers carry the prefix.
  const spec = (name: string, source: string, shape: number[]): WeightSpec => ({
    name,
    sources: [`transformer.${source}`, source],
    shape,
    kind: shape.length === 1 ? 'vector' : 'matrix',
  });
  const blocks = Array.from({ length: nLayers }, (_, l) => [
    spec(`blocks.${l}.ln1.w`, `h.${l}.ln_1.weight`, [d]),
    spec(`blocks.${l}.ln1.b`, `h.${l}.ln_1.bias`, [d]),
    spec(`blocks.${l}.attn.W_QKV`, `h.${l}.attn.c_attn.weight`, [d, 3 * d]),
    spec(`blocks.${l}.attn.b_QKV`, `h.${l}.attn.c_attn.bias`, [3 * d]),
    spec(`blocks.${l}.attn.W_O`, `h.${l}.attn.c_proj.weight`, [d, d]),
    spec(`blocks.${l}.attn.b_O`, `h.${l}.attn.c_proj.bias`, [d]),
    spec(`blocks.${l}.ln2.w`, `h.${l}.ln_2.weight`, [d]),
    spec(`blocks.${l}.ln2.b`, `h.${l}.ln_2.bias`, [d]),
    spec(`blocks.${l}.mlp.W_in`, `h.${l}.mlp.c_fc.weight`, [d, dMlp]),
    spec(`blocks.${l}.mlp.b_in`, `h.${l}.mlp.c_fc.bias`, [dMlp]),
    spec(`blocks.${l}.mlp.W_out`, `h.${l}.mlp.c_proj.weight`, [dMlp, d]),
    spec(`blocks.${l}.mlp.b_out`, `h.${l}.mlp.c_proj.bias`, [d]),
  ]);
  return [
    spec('embed.W_E', 'wte.weight', [dVocab, d]),
    spec('pos_embed.W_pos', 'wpe.weight', [nCtx, d]),
    ...blocks.flat(),
    spec('ln_final.w', 'ln_f.weight', [d]),
    spec('ln_final.b', 'ln_f.bias', [d]),
  ];
}

/** GPT-2: Conv1D weights stored [in, out], q|k|v fused, learned positions, tied unembedding. */
export const gpt2: ModelFamily = { id: 'gpt2', parseConfig, weights };
