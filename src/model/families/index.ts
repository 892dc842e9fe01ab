import { FacetError } from '../../shared/errors.ts';
import type { ModelFamily } from './family.ts';
import { gpt2 } from './gpt2.ts';

/** Every architecture the runtime knows; adding one is a file here and a line in this list. */
export const families: readonly ModelFamily[] = [gpt2];

/** The family a `config.json` names. @throws FacetError `bad-file` or `unsupported`, listing what is supported */
export function familyOf(configJson: unknown): ModelFamily {
  const modelType =
    typeof configJson === 'object' && configJson !== null
      ? (configJson as Record<string, unknown>).model_type
      : undefined;
  if (typeof modelType !== 'string') throw new FacetError('bad-file', 'config.json names no model_type.');
  const family = families.find(({ id }) => id === modelType);
  if (family) return family;
  throw new FacetError('unsupported', `The model type "${modelType.slice(0, 80)}" is not supported yet.`, {
    hint: `Supported: ${families.map(({ id }) => id).join(', ')}.`,
  });
}
