import { proxy, type Remote } from 'comlink';
import type {
  AblatedText,
  AblateHereRequest,
  AblationEffects,
  AblationRequest,
  AttentionTimes,
  AttentionTimesRequest,
  AttributionRecord,
  AttributionRequest,
  CircuitsRequest,
  EngineApi,
  FileSet,
  HeadCircuits,
  HeadScores,
  HeadsApi,
  HeadShares,
  LayerRoles,
  PatternInfo,
  PatternRecord,
  PatternRequest,
  Progress,
  RolesRequest,
  ScoresRequest,
  SparsifiedText,
  SparsifyRequest,
  Ticket,
} from './protocol.ts';

/** Options of every call to the engine. */
export interface CallOptions {
  /** Aborting rejects the call at once with code `cancelled` and stops the work at its next step. */
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
}

type Partial<Record> = CallOptions & { onPartial?: (partial: Record) => void };

/** `HeadsApi` as the page calls it. */
export interface HeadsClient {
  pattern(request: PatternRequest, options?: CallOptions): Promise<PatternRecord>;
  scores(request: ScoresRequest, options?: Partial<HeadScores>): Promise<HeadScores>;
  ablate(request: AblationRequest, options?: Partial<AblationEffects>): Promise<AblationEffects>;
  ablateHere(request: AblateHereRequest, options?: CallOptions): Promise<AblatedText>;
  circuits(request: CircuitsRequest, options?: CallOptions): Promise<HeadCircuits>;
  shares(dictionary: string | FileSet, options?: CallOptions): Promise<HeadShares>;
  attribute(request: AttributionRequest, options?: CallOptions): Promise<AttributionRecord>;
  roles(request: RolesRequest, options?: Partial<LayerRoles>): Promise<LayerRoles>;
  sparsify(request: SparsifyRequest, options?: CallOptions): Promise<SparsifiedText>;
  attentionTimes(request: AttentionTimesRequest, options?: CallOptions): Promise<AttentionTimes>;
  patterns(): Promise<PatternInfo[]>;
}

type Call = <Result>(run: (ticket: Ticket) => Promise<Result>, signal?: AbortSignal) => Promise<Result>;

const progressOf = (options: CallOptions): ((progress: Progress) => void) =>
  proxy(options.onProgress ?? (() => {}));
const partialOf = <Record>(options: Partial<Record>): ((partial: Record) => void) =>
  proxy((partial: Record) => options.onPartial?.(partial));

/** @param call gives a ticket, and rejects when the signal fires or the worker dies */
export function headsClient(engine: Remote<EngineApi>, call: Call): HeadsClient {
  // Comlink follows a path of properties, which its types only say of proxied values.
  const remote = engine.heads as unknown as Remote<HeadsApi>;
  return {
    pattern: (request, { signal } = {}) => call((ticket) => remote.pattern(request, ticket), signal),
    scores: (request, options = {}) =>
      call(
        (ticket) => remote.scores(request, ticket, progressOf(options), partialOf(options)),
        options.signal,
      ),
    ablate: (request, options = {}) =>
      call(
        (ticket) => remote.ablate(request, ticket, progressOf(options), partialOf(options)),
        options.signal,
      ),
    ablateHere: (request, { signal } = {}) => call((ticket) => remote.ablateHere(request, ticket), signal),
    circuits: (request, options = {}) =>
      call((ticket) => remote.circuits(request, ticket, progressOf(options)), options.signal),
    shares: (dictionary, { signal } = {}) => call((ticket) => remote.shares(dictionary, ticket), signal),
    attribute: (request, { signal } = {}) => call((ticket) => remote.attribute(request, ticket), signal),
    roles: (request, options = {}) =>
      call(
        (ticket) => remote.roles(request, ticket, progressOf(options), partialOf(options)),
        options.signal,
      ),
    sparsify: (request, options = {}) =>
      call((ticket) => remote.sparsify(request, ticket, progressOf(options)), options.signal),
    attentionTimes: (request, options = {}) =>
      call((ticket) => remote.attentionTimes(request, ticket, progressOf(options)), options.signal),
    patterns: () => call(() => remote.patterns()),
  };
}
