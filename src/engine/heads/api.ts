import type { HeadsApi } from '../protocol.ts';
import type { WithSession } from '../session.ts';

const silent = (): void => {};

/** Everything behind `HeadsApi` is fetched when it is first asked for: reading a text needs none of it. */
export function headsApi(run: WithSession): HeadsApi {
  return {
    pattern: (request, ticket) =>
      run(ticket, silent, async (session) => (await import('./pattern.ts')).readPattern(session, request)),
    scores: (request, ticket, onProgress, onPartial) =>
      run(ticket, onProgress, async (session) =>
        (await import('./scores.ts')).scoreHeads(session, request, { onProgress, onPartial }),
      ),
    ablate: (request, ticket, onProgress, onPartial) =>
      run(ticket, onProgress, async (session) =>
        (await import('./ablate.ts')).ablateHeads(session, request, { onProgress, onPartial }),
      ),
    ablateHere: (request, ticket) =>
      run(ticket, silent, async (session) => (await import('./ablate.ts')).ablateText(session, request)),
    circuits: (request, ticket, onProgress) =>
      run(ticket, onProgress, async (session) =>
        (await import('./circuits.ts')).readCircuits(session, request, onProgress),
      ),
    shares: (dictionary, ticket) =>
      run(ticket, silent, async (session) => (await import('./shares.ts')).readShares(session, dictionary)),
    attribute: (request, ticket) =>
      run(ticket, silent, async (session) => (await import('./attribute.ts')).attribute(session, request)),
    roles: (request, ticket, onProgress, onPartial) =>
      run(ticket, onProgress, async (session) =>
        (await import('./roles.ts')).findRoles(session, request, { onProgress, onPartial }),
      ),
    sparsify: (request, ticket, onProgress) =>
      run(ticket, onProgress, async (session) =>
        (await import('./sparsify.ts')).sparsifyText(session, request, onProgress),
      ),
    attentionTimes: (request, ticket, onProgress) =>
      run(ticket, onProgress, async (session) =>
        (await import('./times.ts')).timeAttention(session, request, onProgress),
      ),
    patterns: async () => (await import('./sparsify.ts')).describePatterns(),
  };
}
