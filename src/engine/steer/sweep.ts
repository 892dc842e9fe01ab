import { FacetError } from '../../shared/errors.ts';
import type { EffectInfo, Progress, Sweep, SweepRequest } from '../protocol.ts';
import type { Session } from '../session.ts';

export function listEffects(): EffectInfo[] {
  return [];
}

export function sweepStrengths(
  _session: Session,
  _request: SweepRequest,
  _reports: { onProgress: (progress: Progress) => void; onPartial: (sweep: Sweep) => void },
): Promise<Sweep> {
  return Promise.reject(new FacetError('unsupported', 'Not here yet.'));
}
