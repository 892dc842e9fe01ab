import type { Dictionary } from '../dictionary/dictionary.ts';
import { uploadDictionary } from '../dictionary/load.ts';
import { explainMisfit, warnOfOtherModel } from '../dictionary/misfit.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { type Catalogue, type CatalogueModel, findById } from '../library/catalogue.ts';
import { describeModel } from '../model/describe.ts';
import { headConstant } from '../model/head-constant.ts';
import { allHooks, hookWidth, parseHook } from '../model/hooks.ts';
import { ModelTokenizer, type Token } from '../model/tokenizer.ts';
import { Transformer } from '../model/transformer.ts';
import { storedAs } from '../model/weight-plan.ts';
import { FacetError } from '../shared/errors.ts';
import { chooseDictionary, openDictionaryFiles, readRecord } from './dictionary-files.ts';
import { catalogueFiles, digestOf, type FetchContext, type Files, folderFiles, givenFiles } from './files.ts';
import { chooseWeights, openModelFiles, tokenizerOptions, weightFiles, windowOf } from './model-files.ts';
import type {
  DictionaryInfo,
  DictionarySummary,
  FileSet,
  FolderReference,
  ModelInfo,
  OpenRequest,
} from './protocol.ts';
import { warmUpModel } from './warm-up.ts';

export interface LoadedDictionary {
  dictionary: Dictionary;
  info: DictionaryInfo;
}

/** In the order they were asked for. */
export interface HeldDictionaries extends Disposable {
  readonly loaded: LoadedDictionary[];
}

/** Bytes of dictionaries that stay on the GPU so that going back and forth loads each once. */
const MOST_KEPT = 2 ** 29;

/** A model on the GPU with its tokenizer and the dictionaries loaded for it so far. */
export class OpenedModelState implements Disposable {
  readonly #dictionaries = new Map<string, LoadedDictionary>();
  readonly #held = new Map<LoadedDictionary, number>();
  readonly #companions = new Map<unknown, Disposable>();
  #current: LoadedDictionary | undefined;
  /** Files of a dictionary that were asked for with the model's. */
  #ahead: Files | undefined;
  #bytesFetched = 0;
  #disposed = false;

  private constructor(
    readonly gpu: Gpu,
    readonly model: Transformer,
    readonly tokenizer: ModelTokenizer,
    readonly info: ModelInfo,
    private readonly entry: CatalogueModel | undefined,
  ) {}

  /**
   * Loads a model, without dictionaries.
   * @param next of the catalogue, whose files are fetched meanwhile; default the model's first, `null` for none
   * @throws FacetError
   */
  static async load(
    gpu: Gpu,
    catalogue: Catalogue | undefined,
    reference: OpenRequest['model'],
    storage: OpenRequest['storage'],
    context: FetchContext,
    next?: OpenRequest['dictionary'],
  ): Promise<OpenedModelState> {
    const entry =
      catalogue && typeof reference === 'string' ? findById('model', reference, catalogue.models) : undefined;
    const files = entry
      ? catalogueFiles(entry, context)
      : filesOf(reference as FolderReference | FileSet, context);
    const ahead = entry && fetchAhead(entry, next, context);
    const choice = chooseWeights(files);
    const { config, weights, tokenizer: its, generation } = await openModelFiles(files, choice);
    const tokenizer = new ModelTokenizer(its.json, its.config, tokenizerOptions(config, generation));
    const { signal } = context;
    const described = describeModel(config);
    const matrix = described.specs.find(({ kind }) => kind === 'matrix')!;
    const dtype = matrix.sources[0]!.names.map((name) => weights.info(name)?.dtype).find(Boolean);
    const stored = storedAs(matrix, [dtype ?? described.dtype], storage ?? 'file');
    // What fails to compile here fails again, and is reported, when it is first run.
    const compiling = entry
      ? Promise.resolve()
      : gpu.prepare(warmUpModel(gpu.adapter, described.config, stored)).catch(() => {});
    const onProgress = (done: number, total: number): void =>
      context.onProgress({ phase: 'upload', what: 'model', done, total, unit: 'bytes' });
    onProgress(0, 0);
    const model = await Transformer.load(gpu, config, weights, { storage, signal, onProgress });
    try {
      await compiling;
      const { family, nLayers, nHeads, dModel, dMlp, dVocab, nCtx } = model.config;
      if (tokenizer.textVocabSize > dVocab) {
        throw new FacetError(
          'mismatch',
          `The tokenizer has ${tokenizer.textVocabSize} tokens, the model only ${dVocab}.`,
          { hint: 'These files belong to different models; get all of them from one place.' },
        );
      }
      const digest = (await digestOf(files, weightFiles(choice))).slice(0, 16);
      const { id, title, license = 'not stated' } = files;
      const info: ModelInfo = {
        id, title, family, license, parameters: model.parameters, nLayers, nHeads, dModel, dMlp, dVocab,
        nCtx: windowOf(nCtx), digest, hooks: allHooks(model.config),
      }; // oxfmt-ignore
      const opened = new OpenedModelState(gpu, model, tokenizer, info, entry);
      opened.#bytesFetched = files.bytesFetched;
      opened.#ahead = ahead;
      return opened;
    } catch (thrown) {
      model[Symbol.dispose]();
      throw thrown;
    }
  }

  get current(): LoadedDictionary | undefined {
    return this.#current;
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /** What the site's catalogue says of the model, where it came from there. */
  get catalogued(): CatalogueModel | undefined {
    return this.entry;
  }

  get bytesFetched(): number {
    return this.#bytesFetched;
  }

  get summaries(): DictionarySummary[] {
    return (this.entry?.dictionaries ?? []).map(({ id, title, hook, files }) => ({
      id, title, hook, bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    })); // oxfmt-ignore
  }

  /**
   * What is read before a text. A dictionary says whether it was trained with a beginning-of-text token; else the model's
   * family does.
   */
  get prefix(): readonly Token[] {
    return this.prefixFor(this.#current?.dictionary);
  }

  /** The same for a dictionary that need not be current. */
  prefixFor(dictionary: Dictionary | undefined): readonly Token[] {
    const { tokenizer } = this;
    const wanted = dictionary?.source.prependBos;
    if (wanted === undefined || (wanted && tokenizer.bosId === undefined)) return tokenizer.prefix;
    return wanted ? [tokenizer.bos] : [];
  }

  /** Makes a dictionary current, loading it the first time. */
  async use(
    reference: string | FolderReference | FileSet,
    storage: OpenRequest['storage'],
    context: FetchContext,
  ): Promise<DictionaryInfo> {
    const loaded = await this.#find(reference, storage, context);
    const before = this.#current;
    this.#current = loaded;
    // A reading that is still being recorded may use the one before.
    this.#spare(new Set([loaded, before]));
    return loaded.info;
  }

  /**
   * Dictionaries of the model by reference, loading those not yet here, for work that leaves the current one as it is.
   * They stay on the GPU until `work` is done.
   */
  async withDictionaries<Result>(
    references: readonly (string | FolderReference | FileSet)[],
    context: FetchContext,
    work: (loaded: LoadedDictionary[]) => Promise<Result>,
  ): Promise<Result> {
    using held = await this.holdDictionaries(references, context);
    return await work(held.loaded);
  }

  /** The same for work that goes on after the call: they stay until what it returns is disposed of. */
  async holdDictionaries(
    references: readonly (string | FolderReference | FileSet)[],
    context: FetchContext,
  ): Promise<HeldDictionaries> {
    const loaded: LoadedDictionary[] = [];
    let released = false;
    const release = (): void => {
      if (released) return;
      released = true;
      for (const each of loaded) this.#held.set(each, this.#held.get(each)! - 1);
    };
    try {
      for (const reference of references) {
        const found = await this.#find(reference, undefined, context);
        loaded.push(found);
        this.#held.set(found, (this.#held.get(found) ?? 0) + 1);
      }
      this.#spare(new Set([this.#current]));
      return { loaded, [Symbol.dispose]: release };
    } catch (thrown) {
      release();
      throw thrown;
    }
  }

  /** What is kept for this model, made when first asked for; disposed of with it. */
  companion<Kept extends Disposable>(Kind: new (model: Transformer) => Kept): Kept {
    const kept = (this.#companions.get(Kind) as Kept | undefined) ?? new Kind(this.model);
    if (!this.#disposed) this.#companions.set(Kind, kept);
    return kept;
  }

  async #find(
    reference: string | FolderReference | FileSet,
    storage: OpenRequest['storage'],
    context: FetchContext,
  ): Promise<LoadedDictionary> {
    const id = typeof reference === 'string' ? reference : reference.id;
    const kept = this.#dictionaries.get(id);
    const loaded = kept ?? (await this.#load(reference, storage, context));
    if (!kept && (context.signal.aborted || this.#disposed)) {
      loaded.dictionary.dispose();
      throw new FacetError('cancelled', 'Cancelled.');
    }
    // Two that asked at once loaded it twice; the first stays.
    const first = this.#dictionaries.get(id);
    if (first && first !== loaded) loaded.dictionary.dispose();
    const found = first ?? loaded;
    this.#dictionaries.delete(id);
    this.#dictionaries.set(id, found);
    return found;
  }

  /** Lets those go that were longest not used when all take much room, but none in use. */
  #spare(inUse: ReadonlySet<LoadedDictionary | undefined>): void {
    let bytes = [...this.#dictionaries.values()].reduce((sum, each) => sum + each.dictionary.byteLength, 0);
    for (const [other, each] of this.#dictionaries) {
      if (bytes <= MOST_KEPT) break;
      if (inUse.has(each) || (this.#held.get(each) ?? 0) > 0) continue;
      bytes -= each.dictionary.byteLength;
      each.dictionary.dispose();
      this.#dictionaries.delete(other);
    }
  }

  async #load(
    reference: string | FolderReference | FileSet,
    storage: OpenRequest['storage'],
    context: FetchContext,
  ): Promise<LoadedDictionary> {
    const files = this.#filesOf(reference, context);
    const found = chooseDictionary(files);
    const opened = await openDictionaryFiles(files, found);
    const record = await readRecord(opened, storage === 'f32' ? 'f32' : 'file');
    const facts = { ...record, modelName: record.source.modelName };
    const misfit = explainMisfit(facts, this.#fit());
    if (misfit) throw misfit;
    context.onProgress({ phase: 'upload', what: 'dictionary', done: 0, total: 0, unit: 'steps' });
    const { signal } = context;
    const shift = record.withoutConstant ? await headConstant(this.model, record.hook) : undefined;
    const dictionary = await uploadDictionary(this.gpu, files.id, record, { signal, shift });
    this.#bytesFetched += files.bytesFetched;
    const digest = (await digestOf(files, found.files.slice(0, 1))).slice(0, 16);
    const { id, hook, hookOut, architecture, dIn, dSae, k } = dictionary;
    const warnings = [warnOfOtherModel(facts, this.info), ...(record.source.notes ?? [])].filter(Boolean);
    const warning = warnings.join(' ') || undefined;
    const prefix = this.prefixFor(dictionary).length;
    const info = {
      id,
      title: files.title,
      hook,
      hookOut,
      architecture,
      dIn,
      dSae,
      k,
      digest,
      prefix,
      warning,
    };
    return { dictionary, info };
  }

  #filesOf(reference: string | FolderReference | FileSet, context: FetchContext): Files {
    if (typeof reference !== 'string') return filesOf(reference, context);
    const ahead = this.#ahead;
    this.#ahead = undefined;
    if (ahead?.id === reference) return ahead;
    return catalogueFiles(findById('dictionary', reference, this.entry?.dictionaries ?? []), context);
  }

  #fit(): Parameters<typeof explainMisfit>[1] {
    const { config } = this.model;
    const hooks = allHooks(config).map((name) => ({
      name,
      width: hookWidth(parseHook(name, config), config) ?? 0,
    }));
    return { ...config, id: this.info.id, hooks };
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    for (const kept of this.#companions.values()) kept[Symbol.dispose]();
    for (const { dictionary } of this.#dictionaries.values()) dictionary.dispose();
    this.model[Symbol.dispose]();
  }
}

function filesOf(reference: FolderReference | FileSet, context: FetchContext): Files {
  return 'folder' in reference ? folderFiles(reference, context) : givenFiles(reference);
}

/** Asks for a dictionary's files while the model's are on their way; what fails is said when the dictionary is opened. */
function fetchAhead(
  { dictionaries }: CatalogueModel,
  next: OpenRequest['dictionary'],
  context: FetchContext,
): Files | undefined {
  const about =
    next === undefined
      ? dictionaries[0]
      : dictionaries.find(({ id }) => typeof next === 'string' && id === next);
  if (!about) return undefined;
  // What is shown meanwhile is how far the model is.
  const files = catalogueFiles(about, { ...context, onProgress: () => {} });
  for (const { path } of files.listing) files.open(path).catch(() => {});
  return files;
}
