import { proxy, type Remote, wrap } from 'comlink';
import { FacetError, type FacetErrorRecord } from '../shared/errors.ts';
import { type BenchClient, benchClient } from './bench-client.ts';
import { type CallOptions, type HeadsClient, headsClient } from './heads-client.ts';
import type {
  Analysis,
  AnalyzeRequest,
  BackendChoice,
  Diagnostics,
  DictionaryInfo,
  EngineApi,
  FeatureCard,
  FeatureLabel,
  FileSet,
  FolderReference,
  Inspection,
  OpenedModel,
  OpenRequest,
  TokenizedWindow,
  TokenizeRequest,
} from './protocol.ts';
import { type ScanClient, scanClient, type SearchClient, searchClient } from './scan-client.ts';
import { type SteerClient, steerClient } from './steer-client.ts';
import { installErrorTransfer, ticketedCalls } from './transfer.ts';

/** The only door from the page to the engine. One per page; it owns the worker. */
export interface EngineClient {
  open(request: OpenRequest, options?: CallOptions): Promise<OpenedModel>;
  /** What is to compute from now on. Closes what is open: open it again. */
  useBackend(backend: BackendChoice): Promise<void>;
  inspect(files: FileSet | FolderReference, options?: CallOptions): Promise<Inspection>;
  useDictionary(reference: string | FileSet, options?: CallOptions): Promise<DictionaryInfo>;
  tokenize(request: TokenizeRequest): Promise<TokenizedWindow>;
  analyze(request: AnalyzeRequest, options?: CallOptions): Promise<Analysis>;
  feature(index: number, options?: CallOptions): Promise<FeatureCard>;
  labels(features: number[], options?: CallOptions): Promise<FeatureLabel[]>;
  diagnostics(): Promise<Diagnostics>;
  setTuning(on: boolean): Promise<void>;
  readonly heads: HeadsClient;
  readonly steer: SteerClient;
  readonly scan: ScanClient;
  readonly search: SearchClient;
  readonly bench: BenchClient;
  /** Ends the worker and everything it holds; every call still open rejects with `cancelled`. */
  dispose(): void;
}

/**
 * Starts the worker.
 * @param backend what is to compute
 * @param onTrouble told of a lost device or an uncaptured GPU error, at any time
 * @param onDeath told, before `onTrouble`, that the worker's script failed: this client answers no more
 */
export function startEngine(
  backend: BackendChoice,
  onTrouble: (trouble: FacetError) => void,
  onDeath: () => void = () => {},
): EngineClient {
  installErrorTransfer();
  const worker = new Worker(new URL('./engine.worker.ts', import.meta.url), {
    type: 'module',
    name: 'facet-engine',
  });
  const remote: Remote<EngineApi> = wrap<EngineApi>(worker);
  const gone = new AbortController();
  worker.onerror = (event) => {
    const error = new FacetError(
      'bug',
      `The engine could not start: ${event.message || 'its script failed to load'}.`,
      {
        hint: 'Reload the page.',
      },
    );
    worker.terminate();
    onDeath();
    gone.abort(error);
    onTrouble(error);
  };

  const call = ticketedCalls((ticket) => remote.cancel(ticket), gone.signal);
  const trouble = ({ code, message, hint, detail }: FacetErrorRecord): void =>
    onTrouble(new FacetError(code, message, { hint, detail }));
  remote
    .connect(new URL('./', document.baseURI).href, proxy(trouble), backend)
    .catch((thrown: unknown) => onTrouble(FacetError.from(thrown)));

  return {
    open: (request, { signal, onProgress } = {}) =>
      call((ticket, live) => remote.open(request, ticket, live(onProgress)), signal),
    inspect: (files, { signal } = {}) => call((ticket) => remote.inspect(files, ticket), signal),
    useDictionary: (reference, { signal, onProgress } = {}) =>
      call((ticket, live) => remote.useDictionary(reference, ticket, live(onProgress)), signal),
    useBackend: (next) => call(() => remote.useBackend(next)),
    tokenize: (request) => call(() => remote.tokenize(request)),
    analyze: (request, { signal } = {}) => call((ticket) => remote.analyze(request, ticket), signal),
    feature: (index, { signal } = {}) => call((ticket) => remote.feature(index, ticket), signal),
    labels: (features, { signal } = {}) => call((ticket) => remote.labels(features, ticket), signal),
    diagnostics: () => call(() => remote.diagnostics()),
    setTuning: (on) => call(() => remote.setTuning(on)),
    heads: headsClient(remote, call),
    steer: steerClient(remote, call),
    scan: scanClient(remote, call),
    search: searchClient(remote, call),
    bench: benchClient(remote, call),
    dispose: () => {
      worker.terminate();
      gone.abort(new FacetError('cancelled', 'The engine was closed.'));
    },
  };
}
