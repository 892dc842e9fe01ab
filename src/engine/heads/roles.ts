import { FacetError } from '../../shared/errors.ts';
import type { LayerRoles, Progress, RolesRequest } from '../protocol.ts';
import type { Session } from '../session.ts';

/** See `HeadsApi.roles`. */
export function findRoles(
  _session: Session,
  _request: RolesRequest,
  _listener: { onProgress: (progress: Progress) => void; onPartial: (partial: LayerRoles) => void },
): Promise<LayerRoles> {
  throw new FacetError('unsupported', 'Not yet.');
}
