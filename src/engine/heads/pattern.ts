import { FacetError } from '../../shared/errors.ts';
import type { PatternRecord, PatternRequest } from '../protocol.ts';
import type { Session } from '../session.ts';

/** See `HeadsApi.pattern`. */
export function readPattern(_session: Session, _request: PatternRequest): Promise<PatternRecord> {
  throw new FacetError('unsupported', 'Not yet.');
}
