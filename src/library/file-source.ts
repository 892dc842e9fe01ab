import { FacetError } from '../shared/errors.ts';
import type { TensorReader } from '../shared/tensor-file.ts';
import type { CatalogueFile } from './catalogue.ts';
import { fetchFile, sha256Hex } from './fetch-file.ts';
import { inMemory } from './random-access.ts';
import { SafetensorsReader } from './safetensors.ts';

/** A folder of files somewhere; what loading a model or dictionary needs of it. */
export interface FileSource {
  json(path: string): Promise<unknown>;
  tensors(path: string): Promise<{ reader: TensorReader; sha256: string }>;
}

export interface SourceProgress {
  file: string;
  /** Over all files of the source. `total` is 0 while unknown. */
  doneBytes: number;
  totalBytes: number;
}

/** A folder of this site, with sizes and digests when the catalogue knows them. */
export class SiteSource implements FileSource {
  readonly #received = new Map<string, number>();

  /**
   * @param base address of the folder, ending in `/`
   * @param files what the catalogue says of it; empty when nothing is known
   */
  constructor(
    private readonly base: URL,
    private readonly files: readonly CatalogueFile[],
    private readonly options: { signal?: AbortSignal; onProgress?: (progress: SourceProgress) => void } = {},
  ) {}

  get bytesFetched(): number {
    return [...this.#received.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  async json(path: string): Promise<unknown> {
    const bytes = await this.#bytes(path);
    try {
      return JSON.parse(new TextDecoder().decode(bytes));
    } catch (cause) {
      throw new FacetError('bad-file', `${path} is not JSON.`, { hint: 'Download the file again.', cause });
    }
  }

  async tensors(path: string): Promise<{ reader: TensorReader; sha256: string }> {
    const bytes = await this.#bytes(path);
    const sha256 = this.files.find((file) => file.path === path)?.sha256 ?? (await sha256Hex(bytes));
    return { reader: await SafetensorsReader.open(path, inMemory(bytes)), sha256 };
  }

  #bytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
    const known = this.files.find((file) => file.path === path);
    if (this.files.length > 0 && !known)
      throw new FacetError('not-found', `The catalogue lists no file ${path}.`);
    // A folder without a catalogue entry tells its sizes only file by file.
    let unlisted = 0;
    return fetchFile(new URL(path, this.base), {
      expectedBytes: known?.bytes,
      sha256: known?.sha256,
      signal: this.options.signal,
      onProgress: (done, total) => {
        unlisted = total;
        this.#received.set(path, done);
        const totalBytes =
          this.files.length > 0 ? this.files.reduce((sum, file) => sum + file.bytes, 0) : unlisted;
        this.options.onProgress?.({
          file: path,
          doneBytes: this.files.length > 0 ? this.bytesFetched : done,
          totalBytes,
        });
      },
    });
  }
}
