import type { Dictionary } from '../../dictionary/dictionary.ts';
import type { ModelConfig } from '../../model/config.ts';
import { hookWidth, isReplaceable, parseHook } from '../../model/hooks.ts';
import { FacetError } from '../../shared/errors.ts';
import type { Columns } from '../interventions.ts';
import type { Target } from './intervention.ts';

/** @throws FacetError `bad-input` for a hook the model does not have, `unsupported` for one that cannot be replaced */
export function checkReplaceable(hook: string, config: ModelConfig): void {
  const point = parseHook(hook, config);
  if (isReplaceable(hook) && hookWidth(point, config) !== undefined) return;
  throw new FacetError('unsupported', `The activation at "${hook}" cannot be changed yet.`, {
    hint: 'The residual stream, what attention and MLPs read and write, z and the inside of MLPs can be.',
  });
}

/** @throws FacetError `bad-input` */
export function checkFeature({ id, dSae }: Dictionary, feature: number): void {
  if (feature < dSae) return;
  throw new FacetError(
    'bad-input',
    `There is no feature ${feature} in "${id}"; it has ${dSae}, numbered from 0.`,
  );
}

/**
 * Where a dictionary's features are read and written.
 * @throws FacetError `unsupported` for hooks that a pass cannot be changed at, or seen at on the way
 */
export function placeOf(
  dictionary: Dictionary,
  config: ModelConfig,
  looks: boolean,
): { hook: string; sees?: string } {
  const { hook, hookOut } = dictionary;
  checkReplaceable(hookOut, config);
  if (hook === hookOut || !looks) return { hook: hookOut };
  if (isReplaceable(hook)) return { hook: hookOut, sees: hook };
  throw new FacetError(
    'unsupported',
    `What "${dictionary.id}" reads, "${hook}", cannot be looked at while the model runs.`,
    { hint: 'Its features can be added, but not clamped, scaled, ablated or spliced.' },
  );
}

/** The hook of the same kind in another layer. @throws FacetError `bad-input` for hooks outside the layers */
export function inLayer(hook: string, layer: number): string {
  const inside = /^blocks\.\d+\.(.+)$/.exec(hook)?.[1];
  if (inside) return `blocks.${layer}.${inside}`;
  throw new FacetError('bad-input', `"${hook}" is not inside a layer, so it cannot be changed in others.`);
}

/**
 * The activation, and which of its columns, a target other than a latent is.
 * @throws FacetError `bad-input` for a head or hook the model does not have, `unsupported`
 */
export function activationOf(
  target: Exclude<Target, { kind: 'latent' }>,
  config: ModelConfig,
): { hook: string; columns?: Columns; width: number } {
  if (target.kind === 'hook') {
    checkReplaceable(target.hook, config);
    return { hook: target.hook, width: hookWidth(parseHook(target.hook, config), config)! };
  }
  const { layer, head } = target;
  const { nLayers, nHeads, dHead } = config;
  if (layer >= nLayers || head >= nHeads)
    throw new FacetError('bad-input', `There is no head ${layer}.${head}.`, {
      hint: `This model has ${nLayers} layers of ${nHeads} heads, both numbered from 0.`,
    });
  const columns = { from: head * dHead, count: dHead };
  return { hook: `blocks.${layer}.attn.hook_z`, columns, width: dHead };
}
