import { transfer } from 'comlink';
import { analyzePrompt } from '../analysis/prompt.ts';
import type { BackendChoice } from '../gpu/device.ts';
import { Gpu, noCounts } from '../gpu/gpu.ts';
import { type Catalogue, findById, loadCatalogue } from '../library/catalogue.ts';
import type { ModelTokenizer } from '../model/tokenizer.ts';
import { FacetError, type FacetErrorRecord } from '../shared/errors.ts';
import { benchApi } from './bench/api.ts';
import { describeFeature, labelFeatures } from './features.ts';
import { Gate } from './gate.ts';
import { type FetchContext, type Files, folderFiles, givenFiles } from './files.ts';
import { headsApi } from './heads/api.ts';
import { inspectFiles } from './inspect.ts';
import { OpenedModelState } from './opened-model.ts';
import type {
  Analysis,
  AnalyzeRequest,
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
  Progress,
  Ticket,
  TokenizedWindow,
  TokenizeRequest,
} from './protocol.ts';
import { scanApi } from './scan/api.ts';
import { searchApi } from './search/api.ts';
import { makeSession, readWindow, type Session, type WithSession } from './session.ts';
import { steerApi } from './steer/api.ts';
import { Tuning } from './tuning.ts';
import { warmUp, warmUpNext } from './warm-up.ts';
import { chooseWindow } from './window.ts';

type OnProgress = (progress: Progress) => void;

/** Largest buffer the bundled kernels ask for whatever the model: logits of a full context over a large vocabulary. */
const LEAST_BUFFER = 1 << 24;

/** The worker's side of `EngineApi`. One device, one model, one dictionary at a time; GPU work passes one gate. */
export class Engine implements EngineApi {
  readonly #gate = new Gate();
  readonly #tuning = new Tuning(this.#gate);
  readonly #tickets = new Map<Ticket, AbortController>();
  #gpu: Gpu | undefined;
  #acquiring: Promise<Gpu> | undefined;
  #opened: OpenedModelState | undefined;
  #report: ((trouble: FacetErrorRecord) => void) | undefined;
  #newest:
    | { text: string; tokenizer: ModelTokenizer; split: ReturnType<ModelTokenizer['tokenize']> }
    | undefined;
  #site: URL | undefined;
  #backend: BackendChoice = 'webgpu';
  /** What is compiled ahead, for which model. */
  #ahead: { opened: OpenedModelState; done: boolean } | undefined;

  connect(
    site: string,
    report: (trouble: FacetErrorRecord) => void,
    backend: BackendChoice = 'webgpu',
  ): Promise<void> {
    this.#site = new URL(site);
    this.#backend = backend;
    this.#report = report;
    return Promise.resolve();
  }

  readonly #withSession: WithSession = (ticket, onProgress, work) =>
    this.#ticketed(ticket, (signal) => this.#inSession(signal, onProgress, work));
  readonly heads = headsApi(this.#withSession);
  readonly steer = steerApi(this.#withSession, (work) =>
    this.#inSession(new AbortController().signal, () => {}, work),
  );
  readonly scan = scanApi(this.#withSession);
  readonly search = searchApi(this.#withSession);
  readonly bench = benchApi(this.#withSession);

  async #inSession<Result>(
    signal: AbortSignal,
    onProgress: OnProgress,
    work: (session: Session) => Promise<Result>,
  ): Promise<Result> {
    const opened = this.#model();
    const context: FetchContext = { site: this.#address(), signal, onProgress };
    try {
      return await work(makeSession(opened, this.#gate, context, (text) => this.#split(text)));
    } catch (thrown) {
      if (!opened.disposed) throw thrown;
      // Work of many turns outlives the model it began with, if the model is opened anew meanwhile.
      throw new FacetError('cancelled', 'The model was opened anew meanwhile.', { cause: thrown });
    }
  }

  async useBackend(backend: BackendChoice): Promise<void> {
    this.#backend = backend;
    // One that is being acquired would be kept for the choice before.
    await this.#acquiring?.catch(() => {});
    const [gpu, opened] = [this.#gpu, this.#opened];
    this.#gpu = undefined;
    this.#opened = undefined;
    opened?.[Symbol.dispose]();
    gpu?.[Symbol.dispose]();
  }

  cancel(ticket: Ticket): Promise<void> {
    this.#tickets.get(ticket)?.abort();
    return Promise.resolve();
  }

  open(request: OpenRequest, ticket: Ticket, onProgress: OnProgress): Promise<OpenedModel> {
    const started = performance.now();
    return this.#ticketed(ticket, async (signal) => {
      const site = this.#address();
      const context: FetchContext = { site, signal, onProgress };
      onProgress({ phase: 'catalogue', what: 'catalogue.json', done: 0, total: 0, unit: 'bytes' });
      const needsCatalogue = typeof request.model === 'string' || typeof request.dictionary === 'string';
      const [catalogue, gpu] = await Promise.all([
        needsCatalogue ? loadCatalogue(site, signal) : undefined,
        this.#device(),
      ]);
      // What fails to compile here fails again, and is reported, when it is first run.
      const compiling = needsCatalogue ? gpu.prepare(warmUp(gpu.adapter)).catch(() => {}) : Promise.resolve();
      const reference = request.model === '' ? defaultModel(catalogue) : request.model;
      const load = async (): Promise<OpenedModelState> => {
        const opened = await OpenedModelState.load(
          gpu,
          catalogue,
          reference,
          request.storage,
          context,
          request.dictionary,
        );
        try {
          const dictionary = request.dictionary === undefined ? opened.summaries[0]?.id : request.dictionary;
          if (dictionary != null) await opened.use(dictionary, request.storage, context);
          onProgress({ phase: 'compile', what: '', done: 0, total: 0, unit: 'steps' });
          await compiling;
          signal.throwIfAborted();
          return opened;
        } catch (thrown) {
          opened[Symbol.dispose]();
          throw thrown;
        }
      };
      const opened = await load().catch((thrown: unknown) => {
        if (!this.#opened || FacetError.from(thrown).code !== 'out-of-memory') throw thrown;
        // Two models at once are too many; one may fit.
        this.#opened[Symbol.dispose]();
        this.#opened = undefined;
        gpu.trim();
        return load();
      });
      if (this.#gpu !== gpu) {
        throw new FacetError('device-lost', 'The GPU device was lost while the model was loaded.', {
          hint: 'Start again.',
        });
      }
      this.#opened?.[Symbol.dispose]();
      this.#opened = opened;
      // What passes of the model before had grown to is of other sizes.
      gpu.trim();
      const { vendor, architecture, description, software, backend, reason } = gpu.adapter;
      return {
        model: opened.info,
        dictionaries: opened.summaries,
        dictionary: opened.current?.info,
        adapter: { vendor, architecture, description, software, backend, reason },
        bytesFetched: opened.bytesFetched,
        elapsedMs: performance.now() - started,
      };
    });
  }

  inspect(reference: FileSet | FolderReference, ticket: Ticket): Promise<Inspection> {
    return this.#ticketed(ticket, async (signal) => {
      const context: FetchContext = { site: this.#address(), signal, onProgress: () => {} };
      const files: Files = 'folder' in reference ? folderFiles(reference, context) : givenFiles(reference);
      // What a set holds can be said without a GPU; only whether it fits cannot.
      const gpu = await this.#device().catch(() => undefined);
      return inspectFiles(files, gpu?.largestTensorBytes);
    });
  }

  useDictionary(
    reference: string | FileSet,
    ticket: Ticket,
    onProgress: OnProgress,
  ): Promise<DictionaryInfo> {
    return this.#ticketed(ticket, (signal) =>
      this.#model().use(reference, undefined, { site: this.#address(), signal, onProgress }),
    );
  }

  async tokenize({ text, windowStart }: TokenizeRequest): Promise<TokenizedWindow> {
    const { info, prefix } = this.#model();
    const { tokens, notes } = this.#split(text);
    const { start, count } = chooseWindow(tokens.length, windowStart, info.nCtx - prefix.length);
    return {
      tokens: tokens.slice(start, start + count),
      totalTokens: tokens.length,
      windowStart: start,
      notes,
    };
  }

  /** The newest text's tokens are kept: the page asks for its window first and for its analysis next. */
  #split(text: string): ReturnType<ModelTokenizer['tokenize']> {
    const { tokenizer } = this.#model();
    if (this.#newest?.text !== text || this.#newest.tokenizer !== tokenizer)
      this.#newest = { text, tokenizer, split: tokenizer.tokenize(text) };
    return this.#newest.split;
  }

  analyze(request: AnalyzeRequest, ticket: Ticket): Promise<Analysis> {
    return this.#ticketed(ticket, (signal) => this.#gate.run(signal, () => this.#analyze(request)));
  }

  async #analyze(request: AnalyzeRequest): Promise<Analysis> {
    const started = performance.now();
    const opened = this.#model();
    const { gpu, model, tokenizer, info, current } = opened;
    const { tokens, ids, ...window } = readWindow(
      opened,
      this.#split(request.text).tokens,
      request.windowStart,
    );
    const before = { ...gpu.counters };
    gpu.profiling = request.profile ?? false;
    const result = await analyzePrompt(model, current?.dictionary, ids, {
      nextTokens: request.nextTokens ?? 10,
      predictions: request.predictions ?? true,
      honesty: request.honesty ?? request.predictions ?? true,
      logits: request.logits ?? 'none',
      captures: request.captures ?? [],
    });
    const usage = {
      submissions: gpu.counters.submissions - before.submissions,
      readbacks: gpu.counters.readbacks - before.readbacks,
      dispatches: gpu.counters.dispatches - before.dispatches,
      bytesRead: gpu.counters.bytesRead - before.bytesRead,
      elapsedMs: performance.now() - started,
    };
    this.#tuning.noteReading();
    this.#compileAhead(opened);
    const { codes, loss, next, honesty, logits, captures, timings } = result;
    const analysis: Analysis = {
      model: info.id,
      modelDigest: info.digest,
      dictionary: current?.info.id ?? '',
      dictionaryDigest: current?.info.digest ?? '',
      tokens,
      ...window,
      codes,
      loss,
      next: { ...next, texts: Array.from(next.ids, (id) => tokenizer.text(id)) },
      honesty,
      logits,
      captures,
      usage,
      timings,
    };
    const buffers = [codes.offsets, codes.indices, codes.values, loss, next.ids, next.probs].map(
      (array) => array.buffer,
    );
    if (logits) buffers.push(logits.data.buffer);
    for (const { data } of Object.values(captures)) buffers.push(data.buffer);
    return transfer(analysis, [...new Set(buffers)]);
  }

  /** Only once something was read: what comes first must not wait for it. */
  #compileAhead(opened: OpenedModelState): void {
    if (this.#ahead?.opened === opened) return;
    const ahead = { opened, done: false };
    this.#ahead = ahead;
    // What fails to compile here fails again, and is reported, when it is first run.
    void warmUpNext(opened)
      .catch(() => {})
      .finally(() => (ahead.done = true));
  }

  feature(index: number, ticket: Ticket): Promise<FeatureCard> {
    return this.#ticketed(ticket, (signal) =>
      this.#gate.run(signal, () => describeFeature(this.#model(), this.#dictionary().dictionary, index)),
    );
  }

  labels(features: number[], ticket: Ticket): Promise<FeatureLabel[]> {
    return this.#ticketed(ticket, (signal) =>
      this.#gate.run(signal, () => labelFeatures(this.#model(), this.#dictionary().dictionary, features)),
    );
  }

  diagnostics(): Promise<Diagnostics> {
    const gpu = this.#gpu;
    return Promise.resolve({
      adapter: gpu && { ...gpu.adapter, limits: { ...gpu.adapter.limits } },
      allocatedBytes: gpu?.allocatedBytes ?? 0,
      lateKernels: [...(gpu?.lateKernels ?? [])],
      compiling: this.#ahead?.done === false,
      peakBytes: gpu?.peakBytes ?? 0,
      counters: { ...(gpu?.counters ?? noCounts()) },
      model: this.#opened?.info.id,
      dictionary: this.#opened?.current?.info.id,
      tuning: this.#tuning.report(gpu),
    });
  }

  setTuning(on: boolean): Promise<void> {
    return this.#tuning.set(this.#gpu, on);
  }

  /** The one device, acquired again after a loss. */
  #device(): Promise<Gpu> {
    this.#acquiring ??= this.#acquire().finally(() => {
      this.#acquiring = undefined;
    });
    return this.#gpu ? Promise.resolve(this.#gpu) : this.#acquiring;
  }

  async #acquire(): Promise<Gpu> {
    if (this.#gpu) return this.#gpu;
    const gpu = await Gpu.acquire({ largestTensorBytes: LEAST_BUFFER }, this.#backend);
    gpu.onError = (error) => this.#report?.(error.toRecord());
    void gpu.lost.then((reason) => {
      if (this.#gpu !== gpu) return;
      this.#gpu = undefined;
      this.#opened = undefined;
      const hint = 'The page loads the model again; if this repeats, close other pages that use the GPU.';
      this.#report?.(
        new FacetError('device-lost', 'The GPU device was lost.', { hint, detail: reason }).toRecord(),
      );
    });
    // Before anything runs: a variant that was chosen earlier is to be compiled with the rest.
    void this.#tuning.restore(gpu);
    this.#gpu = gpu;
    return gpu;
  }

  #address(): URL {
    if (this.#site) return this.#site;
    throw new FacetError('bug', 'The engine was asked before it was connected.');
  }

  #model(): OpenedModelState {
    if (this.#opened) return this.#opened;
    throw new FacetError('bad-input', 'No model is open.', { hint: 'Open one first.' });
  }

  #dictionary(): NonNullable<OpenedModelState['current']> {
    const { current } = this.#model();
    if (current) return current;
    throw new FacetError('bad-input', 'No dictionary is open.', { hint: 'Choose one first.' });
  }

  async #ticketed<Result>(ticket: Ticket, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const controller = new AbortController();
    this.#tickets.set(ticket, controller);
    this.#tuning.rest();
    try {
      return await work(controller.signal);
    } catch (thrown) {
      if (controller.signal.aborted) throw new FacetError('cancelled', 'Cancelled.', { cause: thrown });
      throw thrown;
    } finally {
      this.#tickets.delete(ticket);
      if (this.#tickets.size === 0) this.#tuning.idle(this.#gpu);
    }
  }
}

/** The empty name stands for the first model of the catalogue. */
function defaultModel(catalogue: Catalogue | undefined): string {
  const first = catalogue?.models[0];
  if (!first) throw new FacetError('not-found', 'The catalogue of this site lists no model.');
  return findById('model', first.id, catalogue.models).id;
}
