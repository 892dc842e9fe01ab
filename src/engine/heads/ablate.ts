import { FacetError } from '../../shared/errors.ts';
import type {
  AblateHereRequest,
  AblatedText,
  AblationEffects,
  AblationRequest,
  Progress,
} from '../protocol.ts';
import type { Session } from '../session.ts';

/** See `HeadsApi.ablate`. */
export function ablateHeads(
  _session: Session,
  _request: AblationRequest,
  _listener: { onProgress: (progress: Progress) => void; onPartial: (partial: AblationEffects) => void },
): Promise<AblationEffects> {
  throw new FacetError('unsupported', 'Not yet.');
}

/** See `HeadsApi.ablateHere`. */
export function ablateText(_session: Session, _request: AblateHereRequest): Promise<AblatedText> {
  throw new FacetError('unsupported', 'Not yet.');
}
