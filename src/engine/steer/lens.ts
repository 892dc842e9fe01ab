import { FacetError } from '../../shared/errors.ts';
import type { LensRequest, Lens } from '../protocol.ts';
import type { Session } from '../session.ts';

export function readLens(_session: Session, _request: LensRequest): Promise<Lens> {
  return Promise.reject(new FacetError('unsupported', 'Not here yet.'));
}
