/** The hook of a module of the transformer as `transformers` names it, or undefined for one that has none. */

const PREFIX = '(?:(?:model|transformer|gpt_neox|base_model|language_model)\\.)*';
const BLOCK = new RegExp(`^${PREFIX}(?:layers|h)\\.(\\d{1,4})(?:\\.(.+))?$`);
const EMBEDDING = new RegExp(`^${PREFIX}(?:embed_tokens|embed_in|wte)$`);

/** By module inside a block: what it reads, and what it gives. `mlp.hook_in` and `attn.hook_in` are after the norm and its gain. */
const INSIDE: readonly { modules: readonly string[]; input: string; output: string }[] = [
  { modules: [''], input: 'hook_resid_pre', output: 'hook_resid_post' },
  { modules: ['mlp'], input: 'mlp.hook_in', output: 'hook_mlp_out' },
  { modules: ['attn', 'attention', 'self_attn'], input: 'attn.hook_in', output: 'hook_attn_out' },
  {
    modules: ['self_attn.o_proj', 'attn.c_proj', 'attention.dense', 'attn.attention.out_proj'],
    input: 'attn.hook_z',
    output: 'hook_attn_out',
  },
  { modules: ['pre_feedforward_layernorm'], input: 'hook_resid_mid', output: 'mlp.hook_in' },
];

/** `model.layers.3.self_attn.o_proj.input` → `blocks.3.attn.hook_z`, of a model with norms after attention and MLP. */
export function pointHook(point: string): string | undefined {
  const end = /\.(input|output)$/.exec(point);
  const hooks = end && moduleHooks(point.slice(0, end.index), true);
  return (end?.[1] === 'input' ? hooks?.input : hooks?.output) || undefined;
}

export interface ModuleHooks {
  input?: string;
  output: string;
}

/**
 * @param module e.g. `layers.3.mlp`, `model.layers.3`, `h.3.attn`, `embed_tokens`
 * @param postNorms the model normalises what attention and MLP give before it is added (Gemma 2 and 3): the hooks
 *   `hook_attn_out` and `hook_mlp_out` are after that norm and so belong to other modules
 */
export function moduleHooks(module: string, postNorms: boolean): ModuleHooks | undefined {
  if (EMBEDDING.test(module)) return { output: 'hook_embed' };
  const match = BLOCK.exec(module);
  if (!match) return undefined;
  const layer = `blocks.${Number(match[1])}`;
  const inside = match[2] ?? '';
  if (postNorms && inside === 'post_feedforward_layernorm') return { output: `${layer}.hook_mlp_out` };
  if (postNorms && inside === 'post_attention_layernorm') return { output: `${layer}.hook_attn_out` };
  const found = INSIDE.find(({ modules }) => modules.includes(inside));
  if (!found || (!postNorms && inside.endsWith('layernorm'))) return undefined;
  if (postNorms && /hook_(attn|mlp)_out$/.test(found.output))
    return { input: `${layer}.${found.input}`, output: '' };
  return { input: `${layer}.${found.input}`, output: `${layer}.${found.output}` };
}
