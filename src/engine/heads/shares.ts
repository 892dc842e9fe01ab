import { FacetError } from '../../shared/errors.ts';
import type { FileSet, HeadShares } from '../protocol.ts';
import type { Session } from '../session.ts';

/** See `HeadsApi.shares`. */
export function readShares(_session: Session, _dictionary: string | FileSet): Promise<HeadShares> {
  throw new FacetError('unsupported', 'Not yet.');
}
