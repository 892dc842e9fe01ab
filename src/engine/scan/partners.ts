import { LEAST_TOGETHER, partnersOf } from '../../analysis/scan/partners.ts';
import type { FeaturePartners, ScanFeatureRequest } from '../scan-protocol.ts';
import type { Session } from '../session.ts';
import { scanAtHand } from './at-hand.ts';
import { currentDictionary } from './windows-read.ts';

const MOST_PARTNERS = 50;

/** See `ScanApi.partners`. @throws FacetError `not-found` when nothing was read, `bad-input` */
export async function readPartners(
  session: Session,
  { corpus, feature }: ScanFeatureRequest,
): Promise<FeaturePartners> {
  currentDictionary(session, feature);
  const { state } = await scanAtHand(session, corpus);
  return { feature, leastTogether: LEAST_TOGETHER, ...partnersOf(state, feature, MOST_PARTNERS) };
}
