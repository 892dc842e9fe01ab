import { FacetError } from '../../shared/errors.ts';
import type { LoadedDictionary } from '../opened-model.ts';
import type { Session } from '../session.ts';

/**
 * Works with the dictionary that is current now, which stays on the GPU until that is done, whatever is chosen meanwhile.
 * @throws FacetError `bad-input` when the model was opened without one
 */
export function withCurrent<Result>(
  { opened, context }: Session,
  work: (current: LoadedDictionary) => Promise<Result>,
): Promise<Result> {
  const { current } = opened;
  if (!current)
    throw new FacetError('bad-input', 'No dictionary is open.', {
      hint: 'Choose one for this model first.',
    });
  return opened.withDictionaries([current.info.id], context, ([loaded]) => work(loaded!));
}
