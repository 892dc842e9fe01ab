import type { Backend, BackendChoice, CpuReason } from '../gpu/device.ts';
import type { FacetErrorRecord } from '../shared/errors.ts';
import type { BenchApi } from './bench-protocol.ts';
import type { HeadsApi } from './heads-protocol.ts';
import type { FileSet, FolderReference, Inspection } from './inspection.ts';
import type { ScanApi } from './scan-protocol.ts';
import type { SearchApi } from './search-protocol.ts';
import type { SteerApi } from './steer-protocol.ts';

export type { BackendChoice, CpuReason } from '../gpu/device.ts';

export type * from './bench-protocol.ts';
export type * from './heads-protocol.ts';
export type * from './inspection.ts';
export type * from './scan-protocol.ts';
export type * from './search-protocol.ts';
export type * from './steer-protocol.ts';

/**
 * What the page may ask of the engine, and what comes back. Types only: both sides of the worker boundary share this
 * file and nothing else. Every call is one user intention. Rejections are `FacetError`s (see `transfer.ts`).
 */
export interface EngineApi {
  /** Loads a model and its default dictionary (or the named one) from the catalogue of this site. */
  open(request: OpenRequest, ticket: Ticket, onProgress: (progress: Progress) => void): Promise<OpenedModel>;
  /** What is in a set of files. Reads configurations and headers only. */
  inspect(files: FileSet | FolderReference, ticket: Ticket): Promise<Inspection>;
  /** Makes a dictionary of the open model the current one, loading it when needed. */
  useDictionary(
    reference: string | FileSet,
    ticket: Ticket,
    onProgress: (progress: Progress) => void,
  ): Promise<DictionaryInfo>;
  /** Splits text into the model's tokens. No GPU work: cheap enough for every key stroke. */
  tokenize(request: TokenizeRequest): Promise<TokenizedWindow>;
  /** Runs the model and the current dictionary over one window of a text. */
  analyze(request: AnalyzeRequest, ticket: Ticket): Promise<Analysis>;
  /** What one feature of the current dictionary writes and resembles. */
  feature(index: number, ticket: Ticket): Promise<FeatureCard>;
  /** A few words for each of many features: the next tokens it promotes most. */
  labels(features: number[], ticket: Ticket): Promise<FeatureLabel[]>;
  /** Stops the call that was given this ticket at its next step; it rejects with code `cancelled`. */
  cancel(ticket: Ticket): Promise<void>;
  diagnostics(): Promise<Diagnostics>;
  /** Lets variants of kernels be measured while nobody asks for anything, or not; not is back to the defaults. */
  setTuning(on: boolean): Promise<void>;
  /** Questions about attention heads. */
  readonly heads: HeadsApi;
  /** Questions about interventions. */
  readonly steer: SteerApi;
  /** Questions about many texts. */
  readonly scan: ScanApi;
  /** Finding features, and comparing. */
  readonly search: SearchApi;
  /** How fast all of this is here. */
  readonly bench: BenchApi;
  /**
   * The first call. @param site address of the page's folder, under which catalogue and models lie
   * @param report told of a lost device or an uncaptured GPU error, at any time
   * @param backend what is to compute; default WebGPU on any adapter, as far as there is one
   */
  connect(site: string, report: (trouble: FacetErrorRecord) => void, backend?: BackendChoice): Promise<void>;
  /** What is to compute from now on. Closes what is open: open it again. */
  useBackend(backend: BackendChoice): Promise<void>;
}

/** Chosen by the caller, unique per call; names the call for `cancel`. */
export type Ticket = number;

export interface OpenRequest {
  /** Catalogue id, a folder of this site, or files at hand. */
  model: string | FolderReference | FileSet;
  /** The same for the dictionary, or `null` for none. Default: the first of the catalogue, none for other models. */
  dictionary?: string | FolderReference | FileSet | null;
  /** Storage of weights on the GPU: packed f16 halves the memory; f32 is exact for f32 files. Default `file`. */
  storage?: 'file' | 'f16' | 'f32';
}

export interface Progress {
  phase: 'device' | 'catalogue' | 'download' | 'compile' | 'upload' | 'heads' | 'steer' | 'scan';
  /** What is being worked on, e.g. a file name. */
  what: string;
  /** In `unit`s; `total` is 0 while unknown. */
  done: number;
  total: number;
  unit: 'bytes' | 'tokens' | 'steps';
  /** Of a scan: tokens counted so far, and how many more each second. */
  tokens?: number;
  tokensPerSecond?: number;
}

export interface ModelInfo {
  id: string;
  title: string;
  family: string;
  license: string;
  parameters: number;
  nLayers: number;
  nHeads: number;
  dModel: number;
  dMlp: number;
  dVocab: number;
  nCtx: number;
  /** First 16 hex digits of the SHA-256 of the weights file. */
  digest: string;
  hooks: string[];
}

export interface DictionaryInfo {
  id: string;
  title: string;
  /** TransformerLens name of the hook it reads, e.g. `blocks.2.hook_resid_pre`. */
  hook: string;
  /** What it reconstructs: `hook`, except for transcoders. */
  hookOut: string;
  architecture: string;
  dIn: number;
  dSae: number;
  /** Most features one token can have; d_sae where no number is fixed. */
  k: number;
  digest: string;
  /** Rows read before a text while it is the current one. */
  prefix: number;
  /** For the visitor, e.g. that it was made for another model. */
  warning?: string;
}

export interface AdapterInfo {
  vendor: string;
  architecture: string;
  description: string;
  /** Arithmetic runs on the processor, through WebGPU or without it: correct, but slower than a graphics card. */
  software: boolean;
  backend: Backend;
  /** Why it is the processor. */
  reason?: CpuReason;
}

export interface OpenedModel {
  model: ModelInfo;
  /** Every dictionary the catalogue has for this model. */
  dictionaries: DictionarySummary[];
  /** Absent when the model was opened without one. */
  dictionary?: DictionaryInfo;
  adapter: AdapterInfo;
  /** Bytes fetched for this call, as sent. */
  bytesFetched: number;
  elapsedMs: number;
}

export interface DictionarySummary {
  id: string;
  title: string;
  hook: string;
  bytes: number;
}

/** One token of a text. The offsets are UTF-16 code units of that text; tokens tile it without gaps. */
export interface TokenRecord {
  id: number;
  /** Text for display: a byte that is not a whole character is shown as `\xHH`. Whitespace is not yet made visible. */
  text: string;
  start: number;
  end: number;
  /**
   * Tokens that share one character (an emoji split into bytes) have the same start and end and count up here from
   * 0 within `ofParts`. 0 of 1 for whole tokens.
   */
  part: number;
  ofParts: number;
  /** True for tokens that are not text, such as `<|endoftext|>`. */
  special: boolean;
}

export interface TokenizeRequest {
  text: string;
  /** First token wanted, when the text is longer than the context. Clamped. */
  windowStart: number;
}

/** As many tokens of a text as the model reads at once; a long text has far more than a page can show. */
export interface TokenizedWindow {
  tokens: TokenRecord[];
  /** Tokens of the whole text, and the first of `tokens` among them. */
  totalTokens: number;
  windowStart: number;
  /** Notes for the visitor, e.g. that lone surrogates were replaced or special tokens were read as plain text. */
  notes: string[];
}

export interface AnalyzeRequest {
  text: string;
  /** First token of the text to read, when it is longer than the context. Clamped. */
  windowStart: number;
  /** How many likely next tokens to give per position. Default 10. */
  nextTokens?: number;
  /** Ask for time per kernel (slower). */
  profile?: boolean;
  /** Losses and likely next tokens, without which a pass ends at the dictionary's hook. Default true. */
  predictions?: boolean;
  /**
   * Also measure the splice: dictionary reconstruction in place of the activation, and zero in its place. Default as
   * `predictions`.
   */
  honesty?: boolean;
  /** Which logits to give back in full. Default `none`. */
  logits?: 'none' | 'last' | 'all';
  /** Hook points to give back in full. */
  captures?: string[];
}

/** Row-compressed sparse activations: row t holds entries offsets[t] … offsets[t+1], sorted by value, largest first. */
export interface CodesRecord {
  offsets: Uint32Array;
  indices: Uint32Array;
  values: Float32Array;
}

/**
 * T below is the number of rows read: `prefix` tokens that are not of the text, then the window's tokens. Row 0 is in
 * the arrays but out of every average, whether or not it holds a beginning-of-text token: its activation norm is an
 * outlier (see `honesty`).
 */
export interface Analysis {
  /** What the numbers were computed from; a link reproduces them when these agree. */
  model: string;
  modelDigest: string;
  /** Empty strings, and no codes, when the model was opened without a dictionary. */
  dictionary: string;
  dictionaryDigest: string;
  tokens: TokenRecord[];
  /** Rows at the front that are not of the text: 1 for models that read a beginning-of-text token, else 0. */
  prefix: number;
  /** Tokens of the whole text (without the prefix) and the part of it that was read. */
  totalTokens: number;
  windowStart: number;
  windowTokens: number;
  codes: CodesRecord;
  /** [T] −ln p(token t | tokens before it), nats. NaN in row 0, and everywhere when predictions were not asked for. */
  loss: Float32Array;
  /** [T · n] most likely next tokens after position t, with probabilities. */
  next: { n: number; ids: Uint32Array; probs: Float32Array; texts: string[] };
  honesty?: Honesty;
  logits?: { shape: [number, number]; data: Float32Array };
  captures: Record<string, { shape: number[]; data: Float32Array }>;
  usage: Usage;
  timings: KernelTimingRecord[];
}

/** How well the dictionary stands for the model on this prompt; position 0 excluded from all averages. */
export interface Honesty {
  /** Tokens averaged over. */
  tokens: number;
  /** Mean number of active features per token. */
  l0: number;
  /** 1 − Σ‖x − x̂‖² / Σ‖x − mean x‖². Can be below 0. */
  explainedVariance: number;
  /** Mean over tokens of ‖x − x̂‖² / ‖x‖²: the share of the activation the features do not say. */
  errorShare: number;
  /** Mean next-token loss in nats: as is, with x̂ in place of x, with 0 in place of x. */
  ceClean: number;
  ceSpliced: number;
  ceZero: number;
  /** (ceZero − ceSpliced) / (ceZero − ceClean); NaN when the denominator is too small to mean anything. */
  ceRecovered: number;
  /** Mean KL(clean ‖ spliced) of the next-token distribution, nats. */
  kl: number;
}

export interface Usage {
  submissions: number;
  readbacks: number;
  dispatches: number;
  bytesRead: number;
  elapsedMs: number;
}

export interface KernelTimingRecord {
  kernel: string;
  scope: string;
  gpuMs: number;
  flops: number;
  bytes: number;
}

export interface FeatureCard {
  index: number;
  hook: string;
  /** Next tokens whose logit a unit of this feature raises (lowers) most, when added to the final residual. */
  promoted: TokenEffect[];
  suppressed: TokenEffect[];
  /**
   * The same over the whole vocabulary: bin b of `counts` holds the effects from edges[b] to edges[b + 1], of equal width, the
   * last with its upper end. Absent where what the dictionary writes does not add to the residual stream.
   */
  effects?: { edges: Float32Array; counts: Uint32Array };
  /** Features with the most similar decoder direction; itself excluded. */
  neighbours: { index: number; cosine: number }[];
  decoderNorm: number;
}

export interface FeatureLabel {
  index: number;
  /** Texts of the next tokens whose logit it raises most, best first; see `FeatureCard.promoted`. */
  promoted: string[];
}

export interface TokenEffect {
  id: number;
  text: string;
  /** Logit change per unit of feature activation, minus the mean over the vocabulary. */
  logit: number;
}

export interface Totals extends Omit<Usage, 'elapsedMs'> {
  bytesWritten: number;
  buffersCreated: number;
  bytesMoved: number;
  flops: number;
}

export interface Diagnostics {
  adapter?: AdapterInfo & { features: string[]; limits: Record<string, number> };
  allocatedBytes: number;
  /** The most of them since the device was made. */
  peakBytes: number;
  /** Kernels that were compiled only when they were first run. */
  lateKernels: string[];
  /** Whether kernels that may be wanted next are being compiled. */
  compiling: boolean;
  /** Totals since the device was made; see `Counters` of `gpu/gpu.ts`. */
  counters: Totals;
  tuning: TuningReport;
  model?: string;
  dictionary?: string;
}

/** Which variants of kernels run in place of the defaults. */
export interface TuningReport {
  on: boolean;
  /** False on software adapters and on the processor, whose defaults were measured. */
  able: boolean;
  /** Classes of sizes that ran and were not measured yet. */
  waiting: number;
  classes: TunedClass[];
}

/** What was found for one class of sizes. */
export interface TunedClass {
  op: string;
  /** An example of the class. */
  asked: Readonly<Record<string, number | string>>;
  usual: string;
  chosen: string;
  /** Time of the chosen variant over the default's; 1 when they are the same. */
  ratio: number;
}
