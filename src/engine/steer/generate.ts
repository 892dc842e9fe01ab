import { FacetError } from '../../shared/errors.ts';
import type { Generated, GeneratedToken, GenerateRequest } from '../protocol.ts';
import type { Session } from '../session.ts';

export function generateText(
  _session: Session,
  _request: GenerateRequest,
  _onTokens: (tokens: GeneratedToken[]) => void,
): Promise<Generated> {
  return Promise.reject(new FacetError('unsupported', 'Not here yet.'));
}
