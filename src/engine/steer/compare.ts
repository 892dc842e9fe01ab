import { FacetError } from '../../shared/errors.ts';
import type { CompareRequest, Comparison } from '../protocol.ts';
import type { Session } from '../session.ts';

export function compare(_session: Session, _request: CompareRequest): Promise<Comparison> {
  return Promise.reject(new FacetError('unsupported', 'Not here yet.'));
}
