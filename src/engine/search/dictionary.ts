import type { Dictionary } from '../../dictionary/dictionary.ts';
import { FacetError } from '../../shared/errors.ts';
import type { Session } from '../session.ts';

/**
 * The dictionary a question is about, its digest, and a turn for a piece of work with it.
 * @throws FacetError `bad-input` when the model is open without one; a turn: `cancelled` once another is the current one,
 *   which may have taken its room
 */
export function currentDictionary({ opened, turn }: Session): {
  dictionary: Dictionary;
  digest: string;
  turn: Session['turn'];
} {
  const { current } = opened;
  if (!current) {
    throw new FacetError('bad-input', 'The model is open without a dictionary.', {
      hint: 'Choose a dictionary first.',
    });
  }
  return {
    dictionary: current.dictionary,
    digest: current.info.digest,
    turn: (work) =>
      turn(() => {
        if (opened.current === current) return work();
        throw new FacetError('cancelled', 'Another dictionary was chosen meanwhile.');
      }),
  };
}
