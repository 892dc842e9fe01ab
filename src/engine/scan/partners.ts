import { FacetError } from '../../shared/errors.ts';
import type { Session } from '../session.ts';

export function readPartners(_session: Session, ..._asked: unknown[]): Promise<never> {
  throw new FacetError('unsupported', 'This cannot be asked yet.');
}
