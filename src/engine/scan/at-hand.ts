import type { ScanState } from '../../analysis/scan/scan-state.ts';
import type { Corpus, CorpusReference } from '../../corpus/corpus.ts';
import { FacetError } from '../../shared/errors.ts';
import type { Session } from '../session.ts';

export interface ScanAtHand {
  corpus: Corpus;
  state: ScanState;
}

/**
 * What is known of a corpus under the current dictionary, from memory or from what was kept.
 * @throws FacetError `not-found` when nothing of it has been read
 */
export function scanAtHand(_session: Session, _corpus: CorpusReference): Promise<ScanAtHand> {
  throw new FacetError('unsupported', 'Scans are not kept yet.');
}
