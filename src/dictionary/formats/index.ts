import { FacetError } from '../../shared/errors.ts';
import type { DictionaryFormat } from './format.ts';
import { saeLens } from './sae-lens.ts';

/** Every file layout Facet reads. Adding one is one file and one entry here. */
export const formats: readonly DictionaryFormat[] = [saeLens];

/** The format of a configuration. @throws FacetError `unsupported` when none claims it */
export function formatOf(config: unknown): DictionaryFormat {
  const found = formats.find((format) => format.matches(config));
  if (found) return found;
  throw new FacetError('unsupported', 'This is not a dictionary of a known format.', {
    hint: `Known: ${formats.map(({ id, files }) => `${id} (${files.config}, ${files.weights})`).join(', ')}.`,
  });
}
