import * as v from 'valibot';
import { FacetError } from '../../shared/errors.ts';

/** A SAELens configuration of any version, in the terms of version 6. */
export interface SaeLensConfig {
  architecture: string;
  dIn: number;
  dSae: number;
  k: number;
  hook: string;
  applyDecoderBiasToInput: boolean;
  rescaleByDecoderNorm: boolean;
  modelName?: string;
  datasetPath?: string;
  contextSize?: number;
  prependBos?: boolean;
  version?: string;
}

/** Largest sizes that are read; far above what is published for models that fit a browser. */
const MOST = { dIn: 16_384, dSae: 524_288, k: 1024 };

const word = v.pipe(v.string(), v.maxLength(200));
const count = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(2 ** 31));
const flag = v.boolean();
const kwargs = v.nullish(v.looseObject({}));

const about = {
  model_name: v.nullish(word),
  hook_name: v.nullish(word),
  hook_head_index: v.nullish(v.number()),
  hook_head_index_out: v.nullish(v.number()),
  prepend_bos: v.nullish(flag),
  dataset_path: v.nullish(word),
  context_size: v.nullish(count),
  sae_lens_version: v.nullish(word),
  model_from_pretrained_kwargs: kwargs,
};

const schema = v.object({
  ...about,
  metadata: v.nullish(v.object(about)),
  architecture: v.nullish(word),
  d_in: count,
  d_sae: count,
  k: v.nullish(count),
  apply_b_dec_to_input: v.nullish(flag),
  rescale_acts_by_decoder_norm: v.nullish(flag),
  normalize_activations: v.nullish(v.union([word, flag])),
  reshape_activations: v.nullish(word),
  // version 5 and older
  hook_point: v.nullish(word),
  hook_point_head_index: v.nullish(v.number()),
  activation_fn_str: v.nullish(word),
  activation_fn: v.nullish(word),
  activation_fn_kwargs: v.nullish(v.object({ k: v.nullish(count) })),
  finetuning_scaling_factor: v.nullish(v.union([flag, v.number()])),
});

function unsupported(what: string): FacetError {
  return new FacetError('unsupported', `This dictionary ${what}, which is not supported yet.`);
}

/**
 * Reads `cfg.json` of SAELens 6 and of 5 and older, whose defaults and names differ.
 * @throws FacetError `bad-file` naming the field, or `unsupported` naming what is not covered
 * @source SAELens `handle_pre_6_0_config`, `TopKSAEConfig`
 */
export function parseSaeLensConfig(json: unknown): SaeLensConfig {
  const parsed = v.safeParse(schema, json);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new FacetError(
      'bad-file',
      `cfg.json is not a SAELens configuration: ${v.getDotPath(issue) ?? 'root'}: ${issue.message}`,
    );
  }
  const config = parsed.output;
  const metadata = { ...withoutNulls(config), ...withoutNulls(config.metadata ?? {}) } as typeof config;
  const version = config.sae_lens_version ?? config.metadata?.sae_lens_version ?? undefined;
  const old = !(version && Number.parseInt(version, 10) >= 6);

  const hook = metadata.hook_name ?? config.hook_point;
  if (!hook)
    throw new FacetError('bad-file', 'cfg.json does not say which hook the dictionary reads (hook_name).');
  const oldTopK = old && (config.activation_fn_str ?? config.activation_fn) === 'topk';
  const architecture = oldTopK ? 'topk' : (config.architecture ?? 'standard');
  refuse(config, metadata, hook);

  const k = (old ? config.activation_fn_kwargs?.k : undefined) ?? config.k ?? undefined;
  if (architecture === 'topk' && k === undefined) {
    throw new FacetError(
      'bad-file',
      'cfg.json of a topk dictionary does not say how many features to keep (k).',
    );
  }
  return checked({
    architecture,
    dIn: config.d_in,
    dSae: config.d_sae,
    k: k ?? config.d_sae,
    hook,
    applyDecoderBiasToInput: config.apply_b_dec_to_input ?? true,
    rescaleByDecoderNorm: config.rescale_acts_by_decoder_norm ?? false,
    modelName: metadata.model_name ?? undefined,
    datasetPath: metadata.dataset_path ?? undefined,
    contextSize: metadata.context_size ?? undefined,
    prependBos: metadata.prepend_bos ?? (old ? true : undefined),
    version,
  });
}

type Parsed = v.InferOutput<typeof schema>;

function refuse(config: Parsed, metadata: Parsed, hook: string): void {
  const head = metadata.hook_head_index ?? config.hook_point_head_index ?? metadata.hook_head_index_out;
  if (head !== null && head !== undefined) throw unsupported(`reads only head ${head} of "${hook}"`);
  // `expected_average_only_in` changes nothing without a factor that SAELens keeps outside of the folder.
  const { normalize_activations: normalization } = config;
  const plain =
    typeof normalization !== 'string' || ['none', 'expected_average_only_in'].includes(normalization);
  if (!plain) throw unsupported(`normalises its input by "${normalization}"`);
  const reshape = config.reshape_activations ?? 'none';
  if (!['none', 'hook_z'].includes(reshape)) throw unsupported(`reshapes its input by "${reshape}"`);
  const factor = config.finetuning_scaling_factor ?? false;
  if (factor !== false) throw unsupported('carries a finetuning scaling factor');
  if (metadata.model_from_pretrained_kwargs?.center_writing_weights === true) {
    throw unsupported('was trained on a model with centred writing weights');
  }
  if (metadata.model_from_pretrained_kwargs?.fold_ln === true && hook.endsWith('hook_normalized')) {
    throw unsupported('was trained on a folded layer norm');
  }
}

function checked(config: SaeLensConfig): SaeLensConfig {
  const { dIn, dSae, k } = config;
  for (const field of ['dIn', 'dSae'] as const) {
    if (config[field] > MOST[field])
      throw unsupported(`has ${field} ${config[field]}; the most is ${MOST[field]}`);
  }
  if (dIn % 4 !== 0) throw unsupported(`reads ${dIn} values, not a multiple of 4`);
  if (k > dSae) throw new FacetError('bad-file', `cfg.json keeps ${k} features of only ${dSae}.`);
  if (config.architecture === 'topk' && k > MOST.k)
    throw unsupported(`keeps ${k} features; the most is ${MOST.k}`);
  return config;
}

function withoutNulls(fields: object): object {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== null && value !== undefined),
  );
}
