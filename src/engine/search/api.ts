import type { SearchApi } from '../protocol.ts';
import type { WithSession } from '../session.ts';

const silent = (): void => {};

/** Everything behind `SearchApi` is fetched when it is first asked for. */
export function searchApi(run: WithSession): SearchApi {
  return {
    byText: (request, ticket) =>
      run(ticket, silent, async (session) => (await import('./by-text.ts')).searchByText(session, request)),
    byToken: (request, ticket) =>
      run(ticket, silent, async (session) => (await import('./by-token.ts')).searchByToken(session, request)),
    together: (request, ticket, onProgress) =>
      run(ticket, onProgress, async (session) =>
        (await import('./together.ts')).searchTogether(session, request, onProgress),
      ),
    match: (request, ticket, onProgress) =>
      run(ticket, onProgress, async (session) =>
        (await import('./match.ts')).matchDictionaries(session, request, onProgress),
      ),
    directions: (most, ticket) =>
      run(ticket, silent, async (session) => (await import('./directions.ts')).readDirections(session, most)),
    neighbours: (request, ticket, onProgress) =>
      run(ticket, onProgress, async (session) =>
        (await import('./neighbours.ts')).readNeighbours(session, request, onProgress),
      ),
  };
}
