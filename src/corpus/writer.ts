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

/** Bytes on their way to a file, collected so that a small piece costs no write of its own. */
class Pen {
  /** Bytes so far, written and waiting. */
  bytes = 0;
  #buffer = new Uint8Array(BUFFER);
  #used = 0;

  constructor(private readonly out: Appender) {}

  /** A promise only where there is something to wait for: items are many and small. */
  put(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#used + bytes.length >= BUFFER) return this.#putAll(bytes);
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
    this.bytes += bytes.length;
    return undefined;
  }

  async #putAll(bytes: Uint8Array): Promise<void> {
    this.bytes += bytes.length;
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + BUFFER - this.#used);
      this.#buffer.set(part, this.#used);
      this.#used += part.length;
      at += part.length;
      if (this.#used === BUFFER) await this.flush();
    }
  }

  async flush(): Promise<void> {
    const full = this.#buffer.subarray(0, this.#used);
    this.#used = 0;
    if (full.length > 0) await this.out.write(full);
  }

  async close(): Promise<void> {
    await this.flush();
    await this.out.close();
  }

  /** Without the rest, after a failure. */
  abandon(): Promise<void> {
    return this.out.close();
  }
}

/** Writes the files of a corpus, an item at a time, with little of it in memory. */
export class CorpusWriter {
  items = 0;
  readonly #hash = sha256.create();
  readonly #encoder = new TextEncoder();

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

  async add(text: string, metadata: readonly string[]): Promise<void> {
    // Bytes that no UTF-8 has end each part, so that no two corpora make the same bytes of different items.
    for (const [pen, value, end] of [
      [this.texts, text, 0xff],
      [this.metadata, JSON.stringify(metadata), 0xfe],
    ] as const) {
      const bytes = this.#encoder.encode(value);
      this.#hash.update(bytes).update(Uint8Array.of(end));
      const full = pen.put(bytes);
      if (full) await full;
    }
    this.items++;
    const full = this.#mark();
    if (full) await full;
  }

  /** @returns the digest of the texts and their metadata. The manifest is still to be written. */
  async finish(names: readonly string[]): Promise<string> {
    this.#hash.update(this.#encoder.encode(JSON.stringify(names)));
    await this.offsets.close();
    const offsets = await this.store.read(this.folder, OFFSETS);
    for (let at = 0; at < (offsets?.size ?? 0); at += BUFFER)
      await this.index.put(new Uint8Array(await offsets!.slice(at, at + BUFFER).arrayBuffer()));
    await Promise.all([this.texts.close(), this.metadata.close(), this.index.close()]);
    await this.store.remove(this.folder, OFFSETS);
    return bytesToHex(this.#hash.digest()).slice(0, 16);
  }

  /** Lets go of the files after a failure. */
  async abandon(): Promise<void> {
    await Promise.allSettled(
      [this.texts, this.metadata, this.index, this.offsets].map((pen) => pen.abandon()),
    );
  }

  #mark(): Promise<unknown> | undefined {
    const full = [
      this.index.put(littleEndian(this.texts.bytes)),
      this.offsets.put(littleEndian(this.metadata.bytes)),
    ];
    return full.some(Boolean) ? Promise.all(full) : undefined;
  }
}

function littleEndian(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return bytes;
}
