import * as v from 'valibot';
import { FacetError } from '../../shared/errors.ts';
import type { Normalization } from '../record.ts';
import { pointHook } from './modules.ts';
import { facts } from './sae-lens-facts.ts';
import { checkSizes, count, flag, parseConfig, unsupported, word } from './validate.ts';

/** A SAELens configuration of any version, in the terms of version 6. */
export interface SaeLensConfig {
  /** Id in `architectures/`, or a name that is not there. */
  architecture: string;
  /** Reads one activation and writes another, with no bias to be taken off and nothing put back. */
  transcodes: boolean;
  skips: boolean;
  dIn: number;
  dOut: number;
  dSae: number;
  k?: number;
  hook: string;
  hookOut: string;
  headIndex?: number;
  applyDecoderBiasToInput: boolean;
  rescaleByDecoderNorm: boolean;
  normalization: Normalization;
  /** What activations were multiplied by in training, to be folded into the weights. */
  inputScale?: number;
  finetuningScaling: boolean;
  centre: boolean;
  modelName?: string;
  datasetPath?: string;
  contextSize?: number;
  prependBos?: boolean;
  version?: string;
  /** What is not known of it, and what that means, in sentences. */
  notes: string[];
}

const about = {
  model_name: v.nullish(word),
  hook_name: v.nullish(word),
  hook_name_out: v.nullish(word),
  hf_hook_name: v.nullish(word),
  hook_head_index: v.nullish(v.number()),
  hook_head_index_out: v.nullish(v.number()),
  prepend_bos: v.nullish(flag),
  dataset_path: v.nullish(word),
  context_size: v.nullish(count),
  sae_lens_version: v.nullish(word),
  model_from_pretrained_kwargs: v.nullish(v.looseObject({})),
};

const schema = v.object({
  ...about,
  metadata: v.nullish(v.object(about)),
  architecture: v.nullish(word),
  d_in: count,
  d_sae: count,
  d_out: v.nullish(count),
  k: v.nullish(v.number()),
  apply_b_dec_to_input: v.nullish(flag),
  rescale_acts_by_decoder_norm: v.nullish(flag),
  normalize_activations: v.nullish(v.union([word, flag])),
  norm_scaling_factor: v.nullish(v.pipe(v.number(), v.finite(), v.gtValue(0))),
  reshape_activations: v.nullish(word),
  // version 5 and older
  hook_point: v.nullish(word),
  hook_point_head_index: v.nullish(v.number()),
  activation_fn_str: v.nullish(word),
  activation_fn: v.nullish(word),
  activation_fn_kwargs: v.nullish(v.object({ k: v.nullish(count) })),
  finetuning_scaling_factor: v.nullish(v.union([flag, v.number()])),
});

type Parsed = v.InferOutput<typeof schema>;

/** Architectures that are saved while training, or that read one hook and write another, and what they amount to. */
const ALIASES = new Map<string, { architecture: string; transcodes?: true; skips?: true }>([
  ['matryoshka_batchtopk', { architecture: 'batchtopk' }],
  ['transcoder', { architecture: 'standard', transcodes: true }],
  ['skip_transcoder', { architecture: 'standard', transcodes: true, skips: true }],
  ['jumprelu_transcoder', { architecture: 'jumprelu', transcodes: true }],
  ['jumprelu_skip_transcoder', { architecture: 'jumprelu', transcodes: true, skips: true }],
]);

/** Hooks that weights write to whose mean `center_writing_weights` takes away; other hooks never see that mean. */
const CENTRED = /(^|\.)hook_(embed|pos_embed|resid_(pre|mid|post)|attn_out|mlp_out)$/;
const HEADS = /\.attn\.hook_(q|k|v|z)$/;

/**
 * Reads `cfg.json` of SAELens 6 and of 5 and older, whose defaults and names differ.
 * @param where path and repository of the weights, for what SAELens keeps outside of the folder
 * @throws FacetError `bad-file` naming the field, or `unsupported` naming what is not covered
 * @source SAELens `handle_pre_6_0_config`, `SAEConfig`, `TranscoderConfig`
 */
export function parseSaeLensConfig(
  json: unknown,
  where: { path?: string; repository?: string } = {},
): SaeLensConfig {
  const config = parseConfig(schema, json, 'cfg.json is not a SAELens configuration');
  const metadata = { ...withoutNulls(config), ...withoutNulls(config.metadata ?? {}) } as Parsed;
  const version = config.sae_lens_version ?? config.metadata?.sae_lens_version ?? undefined;
  const old = !(version && Number.parseInt(version, 10) >= 6);
  const called = metadata.hook_name ?? config.hook_point;
  if (!called)
    throw new FacetError('bad-file', 'cfg.json does not say which hook the dictionary reads (hook_name).');

  const hook = hookOf(called, metadata.hf_hook_name);
  const named = architectureName(config, old);
  const { architecture, transcodes = false, skips = false } = ALIASES.get(named) ?? { architecture: named };
  const hookOut = transcodes ? metadata.hook_name_out : hook;
  if (!hookOut)
    throw new FacetError(
      'bad-file',
      'cfg.json does not say which hook the transcoder writes (hook_name_out).',
    );
  refuse(config, metadata, transcodes);

  const known = facts(where, { ...metadata, dSae: config.d_sae });
  const normalization = normalizationOf(config);
  const centre =
    (known.centre || metadata.model_from_pretrained_kwargs?.center_writing_weights === true) &&
    CENTRED.test(hook);
  if (centre && transcodes) throw unsupported('is a transcoder of a model with centred writing weights');
  const rescaleByDecoderNorm = config.rescale_acts_by_decoder_norm ?? false;
  // `true` is how version 3 wrote it.
  const scales = ['expected_average_only_in', true].includes(config.normalize_activations ?? false);
  const inputScale = scales ? (config.norm_scaling_factor ?? known.inputScale) : undefined;
  if (inputScale !== undefined && rescaleByDecoderNorm)
    throw unsupported('scales its input and its activations by decoder norms');
  checkSizes({ dIn: Math.max(config.d_in, config.d_out ?? 0), dSae: config.d_sae });
  return {
    architecture,
    transcodes,
    skips,
    dIn: config.d_in,
    dOut: transcodes ? (config.d_out ?? config.d_in) : config.d_in,
    dSae: config.d_sae,
    k: architecture === 'topk' ? keptOf(config, old) : undefined,
    hook,
    hookOut,
    headIndex: headOf(metadata, hook),
    applyDecoderBiasToInput: !transcodes && (config.apply_b_dec_to_input ?? true),
    rescaleByDecoderNorm: rescaleByDecoderNorm && ['topk', 'batchtopk'].includes(architecture),
    normalization,
    inputScale,
    finetuningScaling: (config.finetuning_scaling_factor ?? false) !== false,
    centre,
    modelName: metadata.model_name ?? undefined,
    datasetPath: metadata.dataset_path ?? undefined,
    contextSize: metadata.context_size ?? undefined,
    prependBos: metadata.prepend_bos ?? (old ? true : undefined),
    version,
    notes: [
      ...(scales && inputScale === undefined ? [UNSCALED] : []),
      ...(old && NORMALIZED.test(hook) && !foldsNorms(metadata) ? [UNFOLDED] : []),
    ],
  };
}

const UNSCALED =
  'This dictionary was trained on activations times a factor that its files do not give. They are read as they are: ' +
  'features may be active where they should not be, and the other way round.';

/** TransformerLens 2 gave hook_normalized of a LayerNorm after gain and bias, but of an RMSNorm before the gain. */
const UNFOLDED =
  'This dictionary was made with an older SAELens, for which this hook came after the gain and the bias of the norm. ' +
  'Here it comes before them: what it shows may be wrong.';
const NORMALIZED = /(^|\.)ln\w*\.hook_normalized$/;
const RMS = /gemma|llama|mistral|qwen|smollm|phi-3/i;

function foldsNorms({ model_name, model_from_pretrained_kwargs }: Parsed): boolean {
  return model_from_pretrained_kwargs?.fold_ln === true || RMS.test(model_name ?? '');
}

/**
 * SAELens calls what the transcoders of Gemma Scope 2 read `hook_mlp_in`, which is before the norm, and keeps beside it
 * the module they were trained on, which is the norm's output.
 * @source SAELens `get_gemma_3_config_from_hf`
 */
function hookOf(called: string, module: string | null | undefined): string {
  return (called.endsWith('.hook_mlp_in') && module && pointHook(module)) || called;
}

function architectureName(config: Parsed, old: boolean): string {
  const activation = old ? (config.activation_fn_str ?? config.activation_fn ?? 'relu') : 'relu';
  if (activation === 'topk') return 'topk';
  if (activation !== 'relu') throw unsupported(`activates its features by "${activation}"`);
  return config.architecture ?? 'standard';
}

/** How many features a TopK dictionary keeps. */
function keptOf(config: Parsed, old: boolean): number {
  const k = (old ? config.activation_fn_kwargs?.k : undefined) ?? config.k ?? undefined;
  if (k === undefined)
    throw new FacetError(
      'bad-file',
      'cfg.json of a topk dictionary does not say how many features to keep (k).',
    );
  if (!Number.isInteger(k) || k < 1) throw new FacetError('bad-file', `cfg.json keeps ${k} features (k).`);
  if (k > config.d_sae)
    throw new FacetError('bad-file', `cfg.json keeps ${k} features of only ${config.d_sae}.`);
  return k;
}

function normalizationOf({ normalize_activations: asked }: Parsed): Normalization {
  switch (asked) {
    case 'layer_norm':
    case 'constant_norm_rescale':
      return asked;
    case 'none':
    case 'expected_average_only_in':
    case true:
    case false:
    case null:
    case undefined:
      return 'none';
    default:
      throw unsupported(`normalises its input by "${asked}"`);
  }
}

function headOf(metadata: Parsed, hook: string): number | undefined {
  const head = metadata.hook_head_index ?? metadata.hook_point_head_index ?? undefined;
  if (head === undefined) return undefined;
  if (!HEADS.test(hook)) throw unsupported(`reads head ${head} of "${hook}", which has no heads`);
  if (!Number.isInteger(head) || head < 0)
    throw new FacetError('bad-file', `cfg.json: hook_head_index is ${head}, not the number of a head.`);
  return head;
}

function refuse(config: Parsed, metadata: Parsed, transcodes: boolean): void {
  const headOut = metadata.hook_head_index_out ?? undefined;
  if (transcodes && (headOut ?? metadata.hook_head_index ?? undefined) !== undefined)
    throw unsupported('is a transcoder of a single head');
  if (transcodes && config.apply_b_dec_to_input) {
    // The reference refuses it too: the bias has the output's width.
    throw unsupported('is a transcoder that takes its decoder bias off the input');
  }
  const reshape = config.reshape_activations ?? 'none';
  if (!['none', 'hook_z'].includes(reshape)) throw unsupported(`reshapes its input by "${reshape}"`);
}

function withoutNulls(fields: object): object {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== null && value !== undefined),
  );
}
