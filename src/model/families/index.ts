import { FacetError } from '../../shared/errors.ts';
import type { ModelFamily } from './family.ts';
import { gemma2 } from './gemma2.ts';
import { gemma3 } from './gemma3.ts';
import { gptNeo } from './gpt-neo.ts';
import { gptNeoX } from './gpt-neox.ts';
import { gpt2 } from './gpt2.ts';
import { llama } from './llama.ts';
import { qwen2 } from './qwen2.ts';
import { qwen3 } from './qwen3.ts';

/** Every architecture the runtime knows; adding one is a file here and a line in this list. */
export const families: readonly ModelFamily[] = [gpt2, gptNeo, gptNeoX, llama, qwen2, qwen3, gemma2, gemma3];

/** The family a `config.json` names. @throws FacetError `bad-file` or `unsupported`, listing what is supported */
export function familyOf(configJson: unknown): ModelFamily {
  const modelType =
    typeof configJson === 'object' && configJson !== null
      ? (configJson as Record<string, unknown>).model_type
      : undefined;
  if (typeof modelType !== 'string') throw new FacetError('bad-file', 'config.json names no model_type.');
  const family = families.find(({ ids }) => ids.includes(modelType));
  if (family) return family;
  throw new FacetError('unsupported', `The model type "${modelType.slice(0, 80)}" is not supported yet.`, {
    hint: `Supported: ${families.flatMap(({ ids }) => ids).join(', ')}.`,
  });
}
