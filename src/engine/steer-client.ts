import type { Remote } from 'comlink';
import type { CallOptions } from './heads-client.ts';
import type {
  Comparison,
  CompareRequest,
  EffectInfo,
  EngineApi,
  Generated,
  GeneratedToken,
  GenerateRequest,
  Lens,
  LensRequest,
  Prompting,
  RowComparison,
  SteerApi,
  Suggestions,
  Sweep,
  SweepRequest,
} from './protocol.ts';
import type { Call } from './transfer.ts';

/** `SteerApi` as the page calls it. */
export interface SteerClient {
  compare(request: CompareRequest, options?: CallOptions): Promise<Comparison>;
  compareRow(request: CompareRequest, options?: CallOptions): Promise<RowComparison>;
  lens(request: LensRequest, options?: CallOptions): Promise<Lens>;
  generate(
    request: GenerateRequest,
    options?: CallOptions & { onTokens?: (tokens: GeneratedToken[]) => void },
  ): Promise<Generated>;
  sweep(
    request: SweepRequest,
    options?: CallOptions & { onPartial?: (sweep: Sweep) => void },
  ): Promise<Sweep>;
  effects(): Promise<EffectInfo[]>;
  suggestions(options?: CallOptions): Promise<Suggestions | undefined>;
  prompting(): Promise<Prompting>;
}

/** @param call gives a ticket, and rejects when the signal fires or the worker dies */
export function steerClient(engine: Remote<EngineApi>, call: Call): SteerClient {
  // Comlink follows a path of properties, which its types only say of proxied values.
  const remote = engine.steer as unknown as Remote<SteerApi>;
  return {
    compare: (request, { signal } = {}) => call((ticket) => remote.compare(request, ticket), signal),
    compareRow: (request, { signal } = {}) => call((ticket) => remote.compareRow(request, ticket), signal),
    lens: (request, { signal } = {}) => call((ticket) => remote.lens(request, ticket), signal),
    generate: (request, { signal, onTokens } = {}) =>
      call((ticket, live) => remote.generate(request, ticket, live(onTokens)), signal),
    sweep: (request, { signal, onProgress, onPartial } = {}) =>
      call((ticket, live) => remote.sweep(request, ticket, live(onProgress), live(onPartial)), signal),
    effects: () => call(() => remote.effects()),
    suggestions: ({ signal } = {}) => call((ticket) => remote.suggestions(ticket), signal),
    prompting: () => call(() => remote.prompting()),
  };
}
