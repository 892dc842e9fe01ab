import { FacetError } from '../shared/errors.ts';
import type { ModelConfig } from './config.ts';

type Has = (config: ModelConfig) => boolean;
const always: Has = () => true;
const qkNorm: Has = ({ qkNorm: has }) => has;
const sandwich: Has = ({ sandwich: has }) => has;
const rotary: Has = ({ layers }) => layers.some(({ rope }) => rope !== undefined);

/** Hooks of one block in the order the pass reaches them, and which models have them; names after `blocks.{l}.`. */
const BLOCK_HOOKS = {
  hook_resid_pre: always,
  'ln1.hook_scale': always,
  'ln1.hook_normalized': always,
  'attn.hook_in': always,
  'attn.hook_q': always,
  'attn.hook_k': always,
  'attn.hook_v': always,
  'attn.q_norm.hook_scale': qkNorm,
  'attn.q_norm.hook_normalized': qkNorm,
  'attn.k_norm.hook_scale': qkNorm,
  'attn.k_norm.hook_normalized': qkNorm,
  'attn.hook_rot_q': rotary,
  'attn.hook_rot_k': rotary,
  'attn.hook_attn_scores': always,
  'attn.hook_pattern': always,
  'attn.hook_z': always,
  'ln1_post.hook_scale': sandwich,
  'ln1_post.hook_normalized': sandwich,
  hook_attn_out: always,
  hook_resid_mid: ({ parallel }) => !parallel,
  hook_mlp_in: always,
  'ln2.hook_scale': always,
  'ln2.hook_normalized': always,
  'mlp.hook_in': always,
  'mlp.hook_pre': always,
  'mlp.hook_pre_linear': ({ gated }) => gated,
  'mlp.hook_post': always,
  'ln2_post.hook_scale': sandwich,
  'ln2_post.hook_normalized': sandwich,
  hook_mlp_out: always,
  hook_resid_post: always,
} as const satisfies Record<string, Has>;

const EDGE_HOOKS = {
  hook_embed: always,
  hook_pos_embed: ({ learnedPositions }) => learnedPositions,
  'ln_final.hook_scale': always,
  'ln_final.hook_normalized': always,
} as const satisfies Record<string, Has>;

/** Activations that exist only inside a kernel or as a view of another tensor: they can be read but not replaced. */
const READ_ONLY =
  /hook_scale$|hook_normalized$|hook_(rot_)?[qkv]$|hook_attn_scores$|hook_pattern$|hook_pos_embed$/;

/** Whether a pass can go on with another activation at a hook. */
export function isReplaceable(name: string): boolean {
  return !READ_ONLY.test(name);
}

export type BlockHook = keyof typeof BLOCK_HOOKS;
export type EdgeHook = keyof typeof EDGE_HOOKS;

export type HookPoint = { layer: number; hook: BlockHook } | { layer?: undefined; hook: EdgeHook };

function present<Name extends string>(hooks: Record<Name, Has>, config: ModelConfig): Name[] {
  return (Object.keys(hooks) as Name[]).filter((name) => hooks[name](config));
}

/**
 * Reads a hook name as TransformerLens and SAELens write it.
 * @throws FacetError `bad-input` for a name this model does not have, listing what it has
 */
export function parseHook(name: string, config: ModelConfig): HookPoint {
  const edges = present(EDGE_HOOKS, config);
  const edge = edges.find((hook) => hook === name);
  if (edge) return { hook: edge };
  const blocks = present(BLOCK_HOOKS, config);
  const match = /^blocks\.(\d{1,4})\.(.+)$/.exec(name);
  const layer = Number(match?.[1]);
  const hook = blocks.find((each) => each === match?.[2]);
  if (hook && layer < config.nLayers) return { layer, hook };
  throw new FacetError('bad-input', `The model has no hook "${name}".`, {
    hint: `Layers are 0 to ${config.nLayers - 1}; hooks of a layer are ${blocks.join(', ')}; others are ${edges.join(', ')}.`,
  });
}

/** Every hook name of a model, in forward order. */
export function allHooks(config: ModelConfig): string[] {
  const inBlock = present(BLOCK_HOOKS, config);
  const blocks = Array.from({ length: config.nLayers }, (_, layer) =>
    inBlock.map((hook) => `blocks.${layer}.${hook}`),
  );
  const edges: string[] = present(EDGE_HOOKS, config);
  const first = edges.filter((name) => !name.startsWith('ln_final'));
  return [...first, ...blocks.flat(), ...edges.slice(first.length)];
}

/** Shape of a hook's activation for `length` tokens. */
export function hookShape({ hook }: HookPoint, config: ModelConfig, length: number): number[] {
  const { nHeads, nKvHeads, dHead, dModel, dMlp } = config;
  switch (hook) {
    case 'attn.hook_q':
    case 'attn.hook_rot_q':
    case 'attn.hook_z':
      return [length, nHeads, dHead];
    case 'attn.hook_k':
    case 'attn.hook_rot_k':
    case 'attn.hook_v':
      return [length, nKvHeads, dHead];
    // TransformerLens norms heads as rows of one matrix.
    case 'attn.q_norm.hook_scale':
      return [length * nHeads, 1];
    case 'attn.q_norm.hook_normalized':
      return [length * nHeads, dHead];
    case 'attn.k_norm.hook_scale':
      return [length * nKvHeads, 1];
    case 'attn.k_norm.hook_normalized':
      return [length * nKvHeads, dHead];
    case 'attn.hook_attn_scores':
    case 'attn.hook_pattern':
      return [nHeads, length, length];
    case 'mlp.hook_pre':
    case 'mlp.hook_pre_linear':
    case 'mlp.hook_post':
      return [length, dMlp];
    default:
      return hook.endsWith('hook_scale') ? [length, 1] : [length, dModel];
  }
}

/** Values a hook has for each token; undefined for attention scores and patterns, whose rows grow with the text. */
export function hookWidth(point: HookPoint, config: ModelConfig): number | undefined {
  if (point.hook === 'attn.hook_attn_scores' || point.hook === 'attn.hook_pattern') return undefined;
  return hookShape(point, config, 1).reduce((product, size) => product * size, 1);
}
