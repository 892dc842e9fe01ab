import type { ScanAccumulator } from '../../analysis/scan/accumulator.ts';
import type { ScanFacts } from '../../analysis/scan/scan-file.ts';
import type { ScanState } from '../../analysis/scan/scan-state.ts';
import type { Corpus, CorpusReference } from '../../corpus/corpus.ts';
import { FacetError } from '../../shared/errors.ts';
import type { Session } from '../session.ts';
import { scanKeeper } from './keeper.ts';
import { dictionaryOf, openTexts, scanFacts } from './records.ts';

export interface ScanAtHand {
  facts: ScanFacts;
  corpus: Corpus;
  /**
   * Its arrays grow on while the scan is read further: what belongs together is taken before anything is waited for. The
   * sample is a copy.
   */
  readonly state: ScanState;
  scan: ScanAccumulator;
}

/**
 * What is known of a corpus under the current dictionary, from memory or from what was kept.
 * @throws FacetError `not-found` when nothing of it has been read
 */
export async function scanAtHand({ opened }: Session, reference: CorpusReference): Promise<ScanAtHand> {
  const corpus = await openTexts(reference);
  const facts = scanFacts(opened, dictionaryOf(opened), corpus);
  const scan = await (await scanKeeper()).find(facts.id);
  if (!scan)
    throw new FacetError('not-found', `Nothing of ${corpus.name} has been read with this dictionary.`, {
      hint: 'Read it first.',
    });
  return { facts, corpus, scan, state: scan.state() };
}
