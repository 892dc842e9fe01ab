import type { FileDType } from '../shared/tensor-file.ts';
import type { ModelConfig } from './config.ts';
import type { WeightSpec } from './families/family.ts';
import { familyOf } from './families/index.ts';
import { allHooks, hookWidth, parseHook } from './hooks.ts';

/** What a `config.json` says of a model, before any of its weights are there. */
export interface ModelDescription {
  /** `model_type` as the runtime calls it. */
  family: string;
  config: ModelConfig;
  specs: WeightSpec[];
  /** Hooks with so many values for each token, in forward order; scores and patterns are not among them. */
  hooks: { name: string; width: number }[];
  parameters: number;
  /** Type the configuration says the weights have. */
  dtype: FileDType;
}

const DTYPES: Record<string, FileDType> = { float16: 'F16', bfloat16: 'BF16' };

export function elementsOfSpecs(specs: readonly WeightSpec[]): number {
  return specs.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
}

/**
 * @param configJson contents of `config.json`, not trusted
 * @throws FacetError `bad-file`, `unsupported`
 */
export function describeModel(configJson: unknown): ModelDescription {
  const family = familyOf(configJson);
  const config = family.parseConfig(configJson);
  const specs = family.weights(config);
  const hooks = allHooks(config).flatMap((name) => {
    const width = hookWidth(parseHook(name, config), config);
    return width === undefined ? [] : [{ name, width }];
  });
  const { dtype, torch_dtype } = configJson as Record<string, unknown>;
  const named = [dtype, torch_dtype].find((each) => typeof each === 'string') ?? 'float32';
  return {
    family: config.family,
    config,
    specs,
    hooks,
    parameters: elementsOfSpecs(specs),
    dtype: DTYPES[named.replace('torch.', '')] ?? 'F32',
  };
}
