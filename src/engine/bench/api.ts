import type { BenchApi } from '../protocol.ts';
import type { WithSession } from '../session.ts';

/** Everything behind `BenchApi` is fetched when it is first asked for. */
export function benchApi(run: WithSession): BenchApi {
  return {
    describe: async () => (await import('./workloads.ts')).benchWorkloads,
    run: (request, ticket, progress, partial) =>
      run(
        ticket,
        () => {},
        async (session) => (await import('./suite.ts')).runBench(session, request, { progress, partial }),
      ),
  };
}
