import type { ModelConfig } from '../../model/config.ts';
import { parseHook } from '../../model/hooks.ts';
import { FacetError } from '../../shared/errors.ts';

/**
 * A place in the residual stream by what has been written there: 2l at `blocks.{l}.hook_resid_pre`, one more once the
 * attention of layer l has been added, two more after its MLP too.
 */
export type Depth = number;

/** What the input of a dictionary is, as far as it can be taken apart. */
export type Site =
  | { kind: 'z'; layer: number }
  | {
      kind: 'residual';
      layer: number;
      depth: Depth;
      /** The norm between the stream and the hook; with its gain and bias, or before them. */
      norm?: { prefix: string; gain: boolean };
    };

/** Where the norms of a block read, and where their hooks are. */
const NORMED: Record<string, { norm: 'ln1' | 'ln2'; gain: boolean }> = {
  'ln1.hook_normalized': { norm: 'ln1', gain: false },
  'attn.hook_in': { norm: 'ln1', gain: true },
  'ln2.hook_normalized': { norm: 'ln2', gain: false },
  'mlp.hook_in': { norm: 'ln2', gain: true },
};

/** @throws FacetError `unsupported` for a hook that is neither z nor a linear function of the residual stream */
export function siteOf(name: string, config: ModelConfig): Site {
  const { layer = 0, hook } = parseHook(name, config);
  // The MLP reads the stream after attention, or beside it.
  const mlpReads = 2 * layer + (config.parallel ? 0 : 1);
  const found = NORMED[hook];
  if (found) {
    const depth = found.norm === 'ln1' ? 2 * layer : mlpReads;
    return {
      kind: 'residual',
      layer,
      depth,
      norm: { prefix: `blocks.${layer}.${found.norm}`, gain: found.gain },
    };
  }
  switch (hook) {
    case 'attn.hook_z':
      return { kind: 'z', layer };
    case 'hook_resid_pre':
      return { kind: 'residual', layer, depth: 2 * layer };
    case 'hook_mlp_in':
      return { kind: 'residual', layer, depth: mlpReads };
    case 'hook_resid_mid':
      return { kind: 'residual', layer, depth: 2 * layer + 1 };
    case 'hook_resid_post':
      return { kind: 'residual', layer, depth: 2 * layer + 2 };
    default:
      throw new FacetError('unsupported', `What features of "${name}" are made of cannot be told yet.`, {
        hint: 'Features of hook_z and of the residual stream (hook_resid_*, and behind a norm) can be taken apart.',
      });
  }
}

/** The hook at a depth. */
export function residualHook(depth: Depth, { nLayers }: ModelConfig): string {
  const layer = Math.floor(depth / 2);
  if (depth % 2 === 1) return `blocks.${layer}.hook_resid_mid`;
  return layer < nLayers ? `blocks.${layer}.hook_resid_pre` : `blocks.${nLayers - 1}.hook_resid_post`;
}

/** Layers whose attention, or whose MLP, has been added at a depth: 0 … count − 1. */
export function writtenBefore(depth: Depth): { heads: number; mlps: number } {
  return { heads: Math.ceil(depth / 2), mlps: Math.floor(depth / 2) };
}
