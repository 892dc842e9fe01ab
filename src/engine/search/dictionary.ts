import type { Dictionary } from '../../dictionary/dictionary.ts';
import { FacetError } from '../../shared/errors.ts';
import type { Session } from '../session.ts';

/** @throws FacetError `bad-input` when the model is open without one */
export function currentDictionary({ opened }: Session): Dictionary {
  const dictionary = opened.current?.dictionary;
  if (dictionary) return dictionary;
  throw new FacetError('bad-input', 'The model is open without a dictionary.', {
    hint: 'Choose a dictionary first.',
  });
}
