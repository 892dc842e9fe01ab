import { FacetError } from '../shared/errors.ts';
import type { ModelConfig } from './config.ts';

/** Hooks of one block, in the order the forward pass reaches them; TransformerLens names after `blocks.{l}.`. */
export const BLOCK_HOOKS = [
  'hook_resid_pre',
  'ln1.hook_scale',
  'ln1.hook_normalized',
  'attn.hook_q',
  'attn.hook_k',
  'attn.hook_v',
  'attn.hook_attn_scores',
  'attn.hook_pattern',
  'attn.hook_z',
  'hook_attn_out',
  'hook_resid_mid',
  'ln2.hook_scale',
  'ln2.hook_normalized',
  'mlp.hook_pre',
  'mlp.hook_post',
  'hook_mlp_out',
  'hook_resid_post',
] as const;

export type BlockHook = (typeof BLOCK_HOOKS)[number];
export type EdgeHook = 'hook_embed' | 'hook_pos_embed' | 'ln_final.hook_scale' | 'ln_final.hook_normalized';

export type HookPoint = { layer: number; hook: BlockHook } | { layer?: undefined; hook: EdgeHook };

const EDGE_HOOKS: readonly string[] = [
  'hook_embed',
  'hook_pos_embed',
  'ln_final.hook_scale',
  'ln_final.hook_normalized',
];

/**
 * Reads a hook name as TransformerLens and SAELens write it.
 * @throws FacetError `bad-input` for a name this model does not have, listing what it has
 */
export function parseHook(name: string, config: ModelConfig): HookPoint {
  if (EDGE_HOOKS.includes(name)) return { hook: name as EdgeHook };
  const match = /^blocks\.(\d{1,4})\.(.+)$/.exec(name);
  const layer = Number(match?.[1]);
  const hook = match?.[2] as BlockHook | undefined;
  if (hook && BLOCK_HOOKS.includes(hook) && layer < config.nLayers) return { layer, hook };
  throw new FacetError('bad-input', `The model has no hook "${name}".`, {
    hint: `Layers are 0 to ${config.nLayers - 1}; hooks of a layer are ${BLOCK_HOOKS.join(', ')}; others are ${EDGE_HOOKS.join(', ')}.`,
  });
}

/** Every hook name of a model, in forward order. */
export function allHooks(config: ModelConfig): string[] {
  const blocks = Array.from({ length: config.nLayers }, (_, layer) =>
    BLOCK_HOOKS.map((hook) => `blocks.${layer}.${hook}`),
  );
  return [
    'hook_embed',
    'hook_pos_embed',
    ...blocks.flat(),
    'ln_final.hook_scale',
    'ln_final.hook_normalized',
  ];
}

/** Shape of a hook's activation for `length` tokens. */
export function hookShape(point: HookPoint, config: ModelConfig, length: number): number[] {
  const { nHeads, nKvHeads, dHead, dModel, dMlp } = config;
  switch (point.hook) {
    case 'ln1.hook_scale':
    case 'ln2.hook_scale':
    case 'ln_final.hook_scale':
      return [length, 1];
    case 'attn.hook_q':
    case 'attn.hook_z':
      return [length, nHeads, dHead];
    case 'attn.hook_k':
    case 'attn.hook_v':
      return [length, nKvHeads, dHead];
    case 'attn.hook_attn_scores':
    case 'attn.hook_pattern':
      return [nHeads, length, length];
    case 'mlp.hook_pre':
    case 'mlp.hook_post':
      return [length, dMlp];
    default:
      return [length, dModel];
  }
}
