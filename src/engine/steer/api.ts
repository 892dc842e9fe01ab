import type { SteerApi } from '../protocol.ts';
import type { Session, WithSession } from '../session.ts';

const silent = (): void => {};

/** Everything behind `SteerApi` is fetched when it is first asked for. @param quick for what needs no ticket */
export function steerApi(
  run: WithSession,
  quick: <Result>(work: (session: Session) => Promise<Result>) => Promise<Result>,
): SteerApi {
  return {
    compare: (request, ticket) =>
      run(ticket, silent, async (session) => (await import('./compare.ts')).compare(session, request)),
    compareRow: (request, ticket) =>
      run(ticket, silent, async (session) => (await import('./compare.ts')).compareOneRow(session, request)),
    lens: (request, ticket) =>
      run(ticket, silent, async (session) => (await import('./lens.ts')).readLens(session, request)),
    generate: (request, ticket, onTokens) =>
      run(ticket, silent, async (session) =>
        (await import('./generate.ts')).generateText(session, request, onTokens),
      ),
    sweep: (request, ticket, onProgress, onPartial) =>
      run(ticket, onProgress, async (session) =>
        (await import('./sweep.ts')).sweepStrengths(session, request, { onProgress, onPartial }),
      ),
    effects: async () => (await import('./sweep.ts')).listEffects(),
    suggestions: (ticket) =>
      run(ticket, silent, async (session) => (await import('./suggestions.ts')).readSuggestions(session)),
    prompting: () => quick(async (session) => (await import('./prompt.ts')).describePrompting(session)),
  };
}
