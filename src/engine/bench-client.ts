import type { Remote } from 'comlink';
import type {
  BenchApi,
  BenchProgress,
  BenchRequest,
  BenchRun,
  BenchWorkload,
  EngineApi,
} from './protocol.ts';
import type { Call, CallOptions } from './transfer.ts';

/** `BenchApi` as the page calls it. */
export interface BenchClient {
  describe(): Promise<readonly BenchWorkload[]>;
  run(
    request: BenchRequest,
    options?: CallOptions<BenchProgress> & { onPartial?: (run: BenchRun) => void },
  ): Promise<BenchRun>;
}

/** @param call gives a ticket, and rejects when the signal fires or the worker dies */
export function benchClient(engine: Remote<EngineApi>, call: Call): BenchClient {
  // Comlink follows a path of properties, which its types only say of proxied values.
  const remote = engine.bench as unknown as Remote<BenchApi>;
  return {
    describe: () => call(() => remote.describe()),
    run: (request, options = {}) =>
      call(
        (ticket, live) => remote.run(request, ticket, live(options.onProgress), live(options.onPartial)),
        options.signal,
      ),
  };
}
