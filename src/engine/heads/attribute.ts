import { FacetError } from '../../shared/errors.ts';
import type { AttributionRecord, AttributionRequest } from '../protocol.ts';
import type { Session } from '../session.ts';

/** See `HeadsApi.attribute`. */
export function attribute(_session: Session, _request: AttributionRequest): Promise<AttributionRecord> {
  throw new FacetError('unsupported', 'Not yet.');
}
