import type { Remote } from 'comlink';
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
} from './protocol.ts';
import type { CallOptions as AnyCallOptions, Call } from './transfer.ts';

/** Options of every call to the engine. */
export type CallOptions = AnyCallOptions<Progress>;

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

/** @param call gives a ticket, and rejects when the signal fires or the worker dies */
export function headsClient(engine: Remote<EngineApi>, call: Call): HeadsClient {
  // Comlink follows a path of properties, which its types only say of proxied values.
  const remote = engine.heads as unknown as Remote<HeadsApi>;
  return {
    pattern: (request, { signal } = {}) => call((ticket) => remote.pattern(request, ticket), signal),
    scores: (request, options = {}) =>
      call(
        (ticket, live) => remote.scores(request, ticket, live(options.onProgress), live(options.onPartial)),
        options.signal,
      ),
    ablate: (request, options = {}) =>
      call(
        (ticket, live) => remote.ablate(request, ticket, live(options.onProgress), live(options.onPartial)),
        options.signal,
      ),
    ablateHere: (request, { signal } = {}) => call((ticket) => remote.ablateHere(request, ticket), signal),
    circuits: (request, options = {}) =>
      call((ticket, live) => remote.circuits(request, ticket, live(options.onProgress)), options.signal),
    shares: (dictionary, { signal } = {}) => call((ticket) => remote.shares(dictionary, ticket), signal),
    attribute: (request, { signal } = {}) => call((ticket) => remote.attribute(request, ticket), signal),
    roles: (request, options = {}) =>
      call(
        (ticket, live) => remote.roles(request, ticket, live(options.onProgress), live(options.onPartial)),
        options.signal,
      ),
    sparsify: (request, options = {}) =>
      call((ticket, live) => remote.sparsify(request, ticket, live(options.onProgress)), options.signal),
    attentionTimes: (request, options = {}) =>
      call(
        (ticket, live) => remote.attentionTimes(request, ticket, live(options.onProgress)),
        options.signal,
      ),
    patterns: () => call(() => remote.patterns()),
  };
}
