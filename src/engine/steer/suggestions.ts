import type { Suggestions } from '../protocol.ts';
import type { Session } from '../session.ts';

export function readSuggestions(_session: Session): Promise<Suggestions | undefined> {
  return Promise.resolve(undefined);
}
