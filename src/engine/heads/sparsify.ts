import { FacetError } from '../../shared/errors.ts';
import type { PatternInfo, Progress, SparsifiedText, SparsifyRequest } from '../protocol.ts';
import type { Session } from '../session.ts';

/** See `HeadsApi.sparsify`. */
export function sparsifyText(
  _session: Session,
  _request: SparsifyRequest,
  _onProgress: (progress: Progress) => void,
): Promise<SparsifiedText> {
  throw new FacetError('unsupported', 'Not yet.');
}

/** See `HeadsApi.patterns`. */
export function describePatterns(): Promise<PatternInfo[]> {
  throw new FacetError('unsupported', 'Not yet.');
}
