import type { ScanApi } from '../protocol.ts';
import type { WithSession } from '../session.ts';

const silent = (): void => {};

/** Everything behind `ScanApi` is fetched when it is first asked for. */
export function scanApi(run: WithSession): ScanApi {
  return {
    run: (request, ticket, onProgress, onPartial) =>
      run(ticket, onProgress, async (session) =>
        (await import('./run.ts')).runScan(session, request, { onProgress, onPartial }),
      ),
    kept: async () => (await import('./kept.ts')).keptScans(),
    load: (corpus, ticket) =>
      run(ticket, silent, async (session) => (await import('./run.ts')).loadScan(session, corpus)),
    remove: async (id) => (await import('./kept.ts')).removeScan(id),
    dump: (corpus, ticket) =>
      run(ticket, silent, async (session) => (await import('./run.ts')).dumpScan(session, corpus)),
    examples: (request, ticket) =>
      run(ticket, silent, async (session) => (await import('./examples.ts')).readExamples(session, request)),
    partners: (request, ticket) =>
      run(ticket, silent, async (session) => (await import('./partners.ts')).readPartners(session, request)),
    about: (request, ticket) =>
      run(ticket, silent, async (session) => (await import('./about.ts')).tellAbout(session, request)),
    labelTable: (request, ticket, onProgress, onPartial) =>
      run(ticket, onProgress, async (session) =>
        (await import('./labels.ts')).labelTable(session, request, { onProgress, onPartial }),
      ),
  };
}
