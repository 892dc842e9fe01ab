import type { Dictionary } from '../dictionary/dictionary.ts';
import { loadDictionary } from '../dictionary/load.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { type Catalogue, type CatalogueModel, findById } from '../library/catalogue.ts';
import { SiteSource, type SourceProgress } from '../library/file-source.ts';
import { familyOf } from '../model/families/index.ts';
import { allHooks } from '../model/hooks.ts';
import { ModelTokenizer } from '../model/tokenizer.ts';
import { Transformer } from '../model/transformer.ts';
import { FacetError } from '../shared/errors.ts';
import type {
  DictionaryInfo,
  DictionarySummary,
  FolderReference,
  ModelInfo,
  OpenRequest,
  Progress,
} from './protocol.ts';

export interface LoadOptions {
  site: URL;
  signal: AbortSignal;
  onProgress: (progress: Progress) => void;
}

interface LoadedDictionary {
  dictionary: Dictionary;
  info: DictionaryInfo;
}

/** A model on the GPU with its tokenizer and the dictionaries loaded for it so far. */
export class OpenedModelState implements Disposable {
  readonly #dictionaries = new Map<string, LoadedDictionary>();
  #current: LoadedDictionary | undefined;
  #bytesFetched = 0;
  #disposed = false;

  private constructor(
    readonly gpu: Gpu,
    readonly model: Transformer,
    readonly tokenizer: ModelTokenizer,
    readonly info: ModelInfo,
    private readonly entry: CatalogueModel | undefined,
  ) {}

  /** Loads a model of the catalogue or of a folder on this site, without dictionaries. */
  static async load(
    gpu: Gpu,
    catalogue: Catalogue | undefined,
    reference: OpenRequest['model'],
    storage: OpenRequest['storage'],
    options: LoadOptions,
  ): Promise<OpenedModelState> {
    const entry =
      catalogue && typeof reference === 'string' ? findById('model', reference, catalogue.models) : undefined;
    const base = entry
      ? new URL(`${entry.base}/`, options.site)
      : folderUrl(reference as FolderReference, options.site);
    const source = new SiteSource(base, entry?.files ?? [], {
      signal: options.signal,
      onProgress: downloads(options),
    });
    // A family or a size that cannot run is refused before its weights are fetched.
    const config = await source.json('config.json');
    familyOf(config).parseConfig(config);
    const [tokenizerJson, tokenizerConfig, weights] = await Promise.all([
      source.json('tokenizer.json'),
      optional(source.json('tokenizer_config.json')),
      source.tensors('model.safetensors'),
    ]);
    const tokenizer = new ModelTokenizer(tokenizerJson, tokenizerConfig);
    options.onProgress({ phase: 'upload', what: 'model', done: 0, total: 0, unit: 'steps' });
    const model = await Transformer.load(gpu, config, weights.reader, { storage, signal: options.signal });
    if (tokenizer.vocabSize > model.config.dVocab) {
      model[Symbol.dispose]();
      throw new FacetError(
        'mismatch',
        `The tokenizer has ${tokenizer.vocabSize} tokens, the model only ${model.config.dVocab}.`,
      );
    }
    const { family, nLayers, nHeads, dModel, dMlp, dVocab, nCtx } = model.config;
    const id = typeof reference === 'string' ? reference : reference.id;
    const info: ModelInfo = {
      id, title: entry?.title ?? id, family, license: entry?.license ?? 'not stated', parameters: model.parameters,
      nLayers, nHeads, dModel, dMlp, dVocab, nCtx, digest: weights.sha256.slice(0, 16), hooks: allHooks(model.config),
    }; // prettier-ignore
    const opened = new OpenedModelState(gpu, model, tokenizer, info, entry);
    opened.#bytesFetched = source.bytesFetched;
    return opened;
  }

  get current(): LoadedDictionary | undefined {
    return this.#current;
  }

  get bytesFetched(): number {
    return this.#bytesFetched;
  }

  get summaries(): DictionarySummary[] {
    return (this.entry?.dictionaries ?? []).map(({ id, title, hook, files }) => ({
      id, title, hook, bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    })); // prettier-ignore
  }

  /** Makes a dictionary current, loading it the first time. */
  async use(
    reference: string | FolderReference,
    storage: OpenRequest['storage'],
    options: LoadOptions,
  ): Promise<DictionaryInfo> {
    const id = typeof reference === 'string' ? reference : reference.id;
    const kept = this.#dictionaries.get(id);
    const loaded = kept ?? (await this.#load(reference, id, storage, options));
    if (!kept && (options.signal.aborted || this.#disposed)) {
      loaded.dictionary.dispose();
      throw new FacetError('cancelled', 'Cancelled.');
    }
    this.#dictionaries.set(id, loaded);
    this.#current = loaded;
    return loaded.info;
  }

  async #load(
    reference: string | FolderReference,
    id: string,
    storage: OpenRequest['storage'],
    options: LoadOptions,
  ): Promise<LoadedDictionary> {
    const entry =
      typeof reference === 'string'
        ? findById('dictionary', reference, this.entry?.dictionaries ?? [])
        : undefined;
    const base = entry
      ? new URL(`${entry.base}/`, options.site)
      : folderUrl(reference as FolderReference, options.site);
    const source = new SiteSource(base, entry?.files ?? [], {
      signal: options.signal,
      onProgress: downloads(options),
    });
    const [config, weights] = await Promise.all([
      source.json('cfg.json'),
      source.tensors('sae_weights.safetensors'),
    ]);
    this.#bytesFetched += source.bytesFetched;
    options.onProgress({ phase: 'upload', what: 'dictionary', done: 0, total: 0, unit: 'steps' });
    const dictionary = await loadDictionary(
      this.gpu,
      { id, config, weights: weights.reader, storage },
      options.signal,
    );
    try {
      this.#checkFits(dictionary);
    } catch (thrown) {
      dictionary.dispose();
      throw thrown;
    }
    const { hook, architecture, dIn, dSae, k } = dictionary;
    const info = {
      id,
      title: entry?.title ?? id,
      hook,
      architecture,
      dIn,
      dSae,
      k,
      digest: weights.sha256.slice(0, 16),
    };
    return { dictionary, info };
  }

  #checkFits({ hook, dIn }: Dictionary): void {
    if (!this.info.hooks.includes(hook)) {
      throw new FacetError('mismatch', `The dictionary reads "${hook}", which this model does not have.`, {
        hint: `The model has ${this.info.nLayers} layers.`,
      });
    }
    if (!/hook_(embed|resid_(pre|mid|post)|attn_out|mlp_out)$/.test(hook)) {
      throw new FacetError(
        'unsupported',
        `Dictionaries on "${hook}" are not supported yet, only those on the residual stream and on layer outputs.`,
      );
    }
    if (dIn !== this.info.dModel) {
      throw new FacetError(
        'mismatch',
        `The dictionary expects ${dIn} values per token; this model has ${this.info.dModel}.`,
      );
    }
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    for (const { dictionary } of this.#dictionaries.values()) dictionary.dispose();
    this.model[Symbol.dispose]();
  }
}

/** A folder must lie on the page's own origin: nothing else is fetched without a visitor's choice. */
function folderUrl({ folder }: FolderReference, site: URL): URL {
  const url = new URL(folder.endsWith('/') ? folder : `${folder}/`, site);
  if (url.origin !== site.origin)
    throw new FacetError('bad-input', 'Only folders of this site can be opened.');
  return url;
}

function downloads({ onProgress }: LoadOptions): (progress: SourceProgress) => void {
  return ({ file, doneBytes, totalBytes }) =>
    onProgress({ phase: 'download', what: file, done: doneBytes, total: totalBytes, unit: 'bytes' });
}

async function optional<Value>(file: Promise<Value>): Promise<Value | undefined> {
  try {
    return await file;
  } catch (thrown) {
    if (thrown instanceof FacetError && thrown.code === 'not-found') return undefined;
    throw thrown;
  }
}
