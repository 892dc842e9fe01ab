import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { Appender, Store } from '../library/store.ts';

/** Names of the files of a corpus. The manifest is written last: what has none is not there. */
export const FILES = {
  manifest: 'manifest.json',
  texts: 'texts',
  index: 'index',
  metadata: 'metadata',
} as const;
/** Offsets into the metadata, until they are put behind those into the texts. */
const OFFSETS = 'offsets';
const BUFFER = 1 << 20;

/** Bytes on their way to a file, collected so that a small piece costs no write of its own; their digest beside them. */
class Pen {
  /** Bytes so far, written and waiting. */
  bytes = 0;
  readonly #buffer = new Uint8Array(BUFFER);
  readonly #view = new DataView(this.#buffer.buffer);
  readonly #hash = sha256.create();
  #used = 0;

  constructor(private readonly out: Appender) {}

  /** A promise only where there is something to wait for: items are many and small. */
  text(value: string): Promise<void> | undefined {
    // No unit takes more than three bytes.
    if (this.#used + value.length * 3 > BUFFER) return this.#long(value);
    this.#advance(encoder.encodeInto(value, this.#buffer.subarray(this.#used)).written);
    return undefined;
  }

  place(value: number): Promise<void> | undefined {
    // Full exactly now and then: its size is a multiple of theirs.
    const full = this.#used === BUFFER ? this.#flush() : undefined;
    this.#view.setFloat64(this.#used, value, true);
    this.#advance(8);
    return full;
  }

  async bytesOf(blob: Blob): Promise<void> {
    for (let at = 0; at < blob.size; at += BUFFER)
      await this.#put(new Uint8Array(await blob.slice(at, at + BUFFER).arrayBuffer()));
  }

  /** @returns the digest of all bytes */
  async close(): Promise<string> {
    await this.#flush();
    await this.out.close();
    return bytesToHex(this.#hash.digest());
  }

  /** Without the rest, after a failure. */
  abandon(): Promise<void> {
    return this.out.close();
  }

  #advance(bytes: number): void {
    this.#used += bytes;
    this.bytes += bytes;
  }

  async #long(value: string): Promise<void> {
    await this.#flush();
    await (value.length * 3 > BUFFER ? this.#put(encoder.encode(value)) : this.text(value));
  }

  async #put(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.#flush();
    this.#hash.update(bytes);
    this.bytes += bytes.length;
    await this.out.write(bytes);
  }

  /** What is written is read before this returns, so that the buffer may be used again. */
  #flush(): Promise<void> | undefined {
    const full = this.#buffer.subarray(0, this.#used);
    this.#used = 0;
    if (full.length === 0) return undefined;
    this.#hash.update(full);
    return this.out.write(full) ?? undefined;
  }
}

const encoder = new TextEncoder();

/** Writes the files of a corpus, an item at a time, with little of it in memory. */
export class CorpusWriter {
  items = 0;

  private constructor(
    private readonly store: Store,
    private readonly folder: string,
    private readonly texts: Pen,
    private readonly metadata: Pen,
    private readonly index: Pen,
    private readonly offsets: Pen,
  ) {}

  static async open(store: Store, folder: string): Promise<CorpusWriter> {
    const pens: Pen[] = [];
    try {
      for (const name of [FILES.texts, FILES.metadata, FILES.index, OFFSETS])
        pens.push(new Pen(await store.append(folder, name, 0)));
    } catch (thrown) {
      await Promise.allSettled(pens.map((pen) => pen.abandon()));
      throw thrown;
    }
    const [texts, metadata, index, offsets] = pens as [Pen, Pen, Pen, Pen];
    const writer = new CorpusWriter(store, folder, texts, metadata, index, offsets);
    await writer.#mark();
    return writer;
  }

  /** Bytes of all files so far. */
  get bytes(): number {
    return this.texts.bytes + this.metadata.bytes + this.index.bytes + this.offsets.bytes * 2;
  }

  get textBytes(): number {
    return this.texts.bytes;
  }

  /** Waited for, so that no more is read than can be written. */
  async add(text: string, metadata: readonly string[]): Promise<void> {
    const written = [this.texts.text(text), this.metadata.text(JSON.stringify(metadata))];
    for (const full of written) if (full) await full;
    this.items++;
    const full = this.#mark();
    if (full) await full;
  }

  /**
   * @param names of the metadata
   * @returns the digest: of texts, metadata, where each begins and ends, and the names. The manifest is still to be written.
   */
  async finish(names: readonly string[]): Promise<string> {
    await this.offsets.close();
    await this.index.bytesOf((await this.store.read(this.folder, OFFSETS)) ?? new Blob());
    const digests = [await this.texts.close(), await this.metadata.close(), await this.index.close()];
    await this.store.remove(this.folder, OFFSETS);
    return bytesToHex(sha256(encoder.encode(JSON.stringify([digests, names])))).slice(0, 16);
  }

  /** Lets go of the files after a failure. */
  async abandon(): Promise<void> {
    await Promise.allSettled(
      [this.texts, this.metadata, this.index, this.offsets].map((pen) => pen.abandon()),
    );
  }

  #mark(): Promise<unknown> | undefined {
    // Both are full at once: each has as many places as the other.
    const [index, offsets] = [this.index.place(this.texts.bytes), this.offsets.place(this.metadata.bytes)];
    return index || offsets
      ? Promise.all([index ?? Promise.resolve(), offsets ?? Promise.resolve()])
      : undefined;
  }
}
