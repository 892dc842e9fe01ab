import type { Remote } from 'comlink';
import type { CallOptions } from './heads-client.ts';
import type {
  CorpusReference,
  Directions,
  DictionaryMatch,
  EngineApi,
  FeatureAbout,
  FeaturePartners,
  KeptScan,
  LabelTable,
  LabelTableRequest,
  MatchRequest,
  Neighbours,
  NeighboursRequest,
  ScanApi,
  ScanDump,
  ScanExamples,
  ScanExamplesRequest,
  ScanFeatureRequest,
  ScanRequest,
  ScanStatistics,
  SearchApi,
  TextSearch,
  TextSearchRequest,
  TogetherExamples,
  TogetherRequest,
  TokenSearch,
  TokenSearchRequest,
} from './protocol.ts';
import type { Call } from './transfer.ts';

/** `ScanApi` as the page calls it. */
export interface ScanClient {
  run(
    request: ScanRequest,
    options?: CallOptions & { onPartial?: (statistics: ScanStatistics) => void },
  ): Promise<ScanStatistics>;
  kept(): Promise<KeptScan[]>;
  load(corpus: CorpusReference, options?: CallOptions): Promise<ScanStatistics | undefined>;
  remove(id: string): Promise<void>;
  dump(corpus: CorpusReference, options?: CallOptions): Promise<ScanDump>;
  examples(request: ScanExamplesRequest, options?: CallOptions): Promise<ScanExamples>;
  partners(request: ScanFeatureRequest, options?: CallOptions): Promise<FeaturePartners>;
  about(request: ScanFeatureRequest, options?: CallOptions): Promise<FeatureAbout>;
  labelTable(
    request: LabelTableRequest,
    options?: CallOptions & { onPartial?: (table: LabelTable) => void },
  ): Promise<LabelTable>;
}

/** `SearchApi` as the page calls it. */
export interface SearchClient {
  byText(request: TextSearchRequest, options?: CallOptions): Promise<TextSearch>;
  byToken(request: TokenSearchRequest, options?: CallOptions): Promise<TokenSearch>;
  together(request: TogetherRequest, options?: CallOptions): Promise<TogetherExamples>;
  match(request: MatchRequest, options?: CallOptions): Promise<DictionaryMatch>;
  directions(most: number, options?: CallOptions): Promise<Directions>;
  neighbours(request: NeighboursRequest, options?: CallOptions): Promise<Neighbours>;
}

/** @param call gives a ticket, and rejects when the signal fires or the worker dies */
export function scanClient(engine: Remote<EngineApi>, call: Call): ScanClient {
  // Comlink follows a path of properties, which its types only say of proxied values.
  const remote = engine.scan as unknown as Remote<ScanApi>;
  return {
    run: (request, options = {}) =>
      call(
        (ticket, live) => remote.run(request, ticket, live(options.onProgress), live(options.onPartial)),
        options.signal,
      ),
    kept: () => call(() => remote.kept()),
    load: (corpus, { signal } = {}) => call((ticket) => remote.load(corpus, ticket), signal),
    remove: (id) => call(() => remote.remove(id)),
    dump: (corpus, { signal } = {}) => call((ticket) => remote.dump(corpus, ticket), signal),
    examples: (request, { signal } = {}) => call((ticket) => remote.examples(request, ticket), signal),
    partners: (request, { signal } = {}) => call((ticket) => remote.partners(request, ticket), signal),
    about: (request, { signal } = {}) => call((ticket) => remote.about(request, ticket), signal),
    labelTable: (request, options = {}) =>
      call(
        (ticket, live) =>
          remote.labelTable(request, ticket, live(options.onProgress), live(options.onPartial)),
        options.signal,
      ),
  };
}

/** @param call as of `scanClient` */
export function searchClient(engine: Remote<EngineApi>, call: Call): SearchClient {
  const remote = engine.search as unknown as Remote<SearchApi>;
  return {
    byText: (request, { signal } = {}) => call((ticket) => remote.byText(request, ticket), signal),
    byToken: (request, { signal } = {}) => call((ticket) => remote.byToken(request, ticket), signal),
    together: (request, options = {}) =>
      call((ticket, live) => remote.together(request, ticket, live(options.onProgress)), options.signal),
    match: (request, options = {}) =>
      call((ticket, live) => remote.match(request, ticket, live(options.onProgress)), options.signal),
    directions: (most, { signal } = {}) => call((ticket) => remote.directions(most, ticket), signal),
    neighbours: (request, options = {}) =>
      call((ticket, live) => remote.neighbours(request, ticket, live(options.onProgress)), options.signal),
  };
}
