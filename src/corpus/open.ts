import { FacetError } from '../shared/errors.ts';
import { generate } from '../storyworld/index.ts';
import { type Corpus, type CorpusFiles, corpusId, type CorpusItem, type CorpusReference } from './corpus.ts';
import { ITEM_BYTES } from './limits.ts';
import { parseManifest } from './manifest.ts';

/** @throws FacetError `bad-input` when the files do not hold what their manifest says */
export async function openCorpus(reference: CorpusReference): Promise<Corpus> {
  if (reference.kind === 'own') return openFiles(reference.files);
  const { seed, items } = reference;
  const read = (first: number, count: number): Promise<CorpusItem[]> =>
    Promise.resolve(
      Array.from({ length: Math.max(0, Math.min(count, items - first)) }, (_, i) => {
        const item = generate(seed, first + i);
        return { text: item.text, metadata: [item.register], storyworld: item };
      }),
    );
  const name = `Storyworld, seed ${seed}`;
  return { id: corpusId(reference), name, items, metadata: ['register'], read };
}

async function openFiles(files: CorpusFiles): Promise<Corpus> {
  const manifest = parseManifest(files.manifest);
  if (!manifest) throw damaged('These texts', 'their description is none');
  const { items, metadata: fields, name } = manifest;
  const bad = (why: string): FacetError => damaged(name, why);
  const index = new ReadAhead(files.index, 8 * 4096, bad);
  const texts = new ReadAhead(files.texts, 1 << 18, bad);
  const metadata = new ReadAhead(files.metadata, 1 << 18, bad);
  if (files.index.size !== 16 * (items + 1)) throw bad('the list of places does not fit the number of texts');

  /** Places first … first + count of one of the two lists, each within its file and none before the last. */
  async function places(list: 0 | 1, first: number, count: number): Promise<Float64Array> {
    const start = 8 * (list * (items + 1) + first);
    const bytes = await index.read(start, start + 8 * (count + 1));
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const found = Float64Array.from({ length: count + 1 }, (_, i) => view.getFloat64(8 * i, true));
    const { size } = list === 0 ? files.texts : files.metadata;
    for (const [i, place] of found.entries()) {
      const before = i === 0 ? 0 : found[i - 1]!;
      if (!(Number.isSafeInteger(place) && place >= before && place <= size))
        throw bad(`text ${first + i} has no place`);
      if (i > 0 && place - before > ITEM_BYTES) throw bad(`text ${first + i} is too long`);
    }
    return found;
  }

  for (const [list, { size }] of [files.texts, files.metadata].entries()) {
    const [start] = await places(list as 0 | 1, 0, 0);
    const [end] = await places(list as 0 | 1, items, 0);
    if (start !== 0 || end !== size) throw bad('its files are longer or shorter than they were');
  }

  const decoder = new TextDecoder();
  async function one(bytes: ReadAhead, found: Float64Array, i: number): Promise<string> {
    return decoder.decode(await bytes.read(found[i]!, found[i + 1]!));
  }
  return {
    id: corpusId({ kind: 'own', files: { ...files, manifest } }),
    name,
    items,
    metadata: fields,
    async read(first, count) {
      const from = Math.max(0, Math.min(items, first));
      const wanted = Math.max(0, Math.min(count, items - from));
      const [textAt, metadataAt] = [await places(0, from, wanted), await places(1, from, wanted)];
      const found: CorpusItem[] = [];
      for (let i = 0; i < wanted; i++) {
        const text = await one(texts, textAt, i);
        const values = parseValues(await one(metadata, metadataAt, i));
        if (!values || values.length > fields.length)
          throw bad(`the metadata of text ${from + i + 1} are none`);
        found.push({ text, metadata: fields.map((_, field) => values[field] ?? '') });
      }
      return found;
    },
  };
}

function parseValues(json: string): string[] | undefined {
  try {
    const values: unknown = JSON.parse(json);
    return Array.isArray(values) && values.every((value) => typeof value === 'string') ? values : undefined;
  } catch {
    return undefined;
  }
}

/** Bytes of a blob, read some way ahead: what is asked for next is mostly what comes next. */
class ReadAhead {
  #from = 0;
  #bytes = new Uint8Array();

  constructor(
    private readonly blob: Blob,
    private readonly ahead: number,
    private readonly bad: (why: string) => FacetError,
  ) {}

  async read(from: number, to: number): Promise<Uint8Array> {
    if (!(from >= this.#from && to <= this.#from + this.#bytes.length)) {
      const end = Math.min(this.blob.size, Math.max(to, from + this.ahead));
      const bytes = await this.blob
        .slice(from, end)
        .arrayBuffer()
        .catch((cause: unknown) => {
          throw this.bad(`its files cannot be read any more (${String(cause)})`);
        });
      if (bytes.byteLength < to - from) throw this.bad('its files are shorter than they were');
      [this.#from, this.#bytes] = [from, new Uint8Array(bytes)];
      // Not what another call may have put there meanwhile.
      return new Uint8Array(bytes, 0, to - from);
    }
    return this.#bytes.subarray(from - this.#from, to - this.#from);
  }
}

function damaged(name: string, why: string): FacetError {
  return new FacetError('bad-input', `${name} cannot be read: ${why}.`, {
    hint: 'Remove it under Prompts, and add its file again.',
  });
}
