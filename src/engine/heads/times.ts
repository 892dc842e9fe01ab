import { FacetError } from '../../shared/errors.ts';
import type { AttentionTimes, AttentionTimesRequest, Progress } from '../protocol.ts';
import type { Session } from '../session.ts';

/** See `HeadsApi.attentionTimes`. */
export function timeAttention(
  _session: Session,
  _request: AttentionTimesRequest,
  _onProgress: (progress: Progress) => void,
): Promise<AttentionTimes> {
  throw new FacetError('unsupported', 'Not yet.');
}
