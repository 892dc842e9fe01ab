import { FacetError } from '../../shared/errors.ts';
import { attentionOutput } from './attention-output.ts';
import { dictionaryLearning } from './dictionary-learning.ts';
import type { DictionaryFormat, FormatFiles } from './format.ts';
import { gemmaScope2 } from './gemma-scope-2.ts';
import { gemmaScope } from './gemma-scope.ts';
import { openai } from './openai.ts';
import { saeLens } from './sae-lens.ts';
import { sparsify } from './sparsify.ts';

/** Every file layout Facet reads. Adding one is one file and one entry here. */
export const formats: readonly DictionaryFormat[] = [
  saeLens,
  sparsify,
  dictionaryLearning,
  gemmaScope,
  gemmaScope2,
  openai,
  attentionOutput,
];

/** The format of files, by what is in them. @throws FacetError `unsupported` when none claims them */
export function formatOf(files: FormatFiles): DictionaryFormat {
  const found = formats.find((format) => format.matches(files));
  if (found) return found;
  throw new FacetError('unsupported', 'This is not a dictionary of a known format.', {
    hint: `Known: ${formats.map(({ id, files: { names } }) => `${id} (${names})`).join(', ')}.`,
  });
}
