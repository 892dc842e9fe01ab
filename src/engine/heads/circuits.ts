import { FacetError } from '../../shared/errors.ts';
import type { CircuitsRequest, HeadCircuits, Progress } from '../protocol.ts';
import type { Session } from '../session.ts';

/** See `HeadsApi.circuits`. */
export function readCircuits(
  _session: Session,
  _request: CircuitsRequest,
  _onProgress: (progress: Progress) => void,
): Promise<HeadCircuits> {
  throw new FacetError('unsupported', 'Not yet.');
}
