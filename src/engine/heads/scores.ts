import { FacetError } from '../../shared/errors.ts';
import type { HeadScores, Progress, ScoresRequest } from '../protocol.ts';
import type { Session } from '../session.ts';

/** See `HeadsApi.scores`. */
export function scoreHeads(
  _session: Session,
  _request: ScoresRequest,
  _listener: { onProgress: (progress: Progress) => void; onPartial: (partial: HeadScores) => void },
): Promise<HeadScores> {
  throw new FacetError('unsupported', 'Not yet.');
}
