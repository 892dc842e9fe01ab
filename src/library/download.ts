import * as v from 'valibot';
import { FacetError } from '../shared/errors.ts';
import { FileDigest, readThrough } from './digest.ts';
import { type Hub, pause, Watch } from './hub.ts';
import type { ListedFile } from './protocol.ts';
import type { Appender, Store } from './store.ts';
import {
  brokenOff,
  cancelled,
  damaged,
  isPassing,
  isQuotaError,
  refused,
  retryAfter,
  stalled,
  unreachable,
} from './troubles.ts';

export interface DownloadJob {
  hub: Hub;
  url: URL;
  /** As its repository lists it: size and digest are what the download must have. */
  file: ListedFile;
  store: Store;
  folder: string;
  /** Under which the finished file appears; `.part` and `.part.json` are added while it is not. */
  name: string;
  signal: AbortSignal;
  /** Bytes that are here; goes back when a download has to start over. */
  onBytes: (done: number, note?: string) => void;
}

/** Written beside a part, so that only the same file ever continues it. */
const recordSchema = v.object({
  path: v.string(),
  bytes: v.number(),
  sha256: v.optional(v.string()),
  oid: v.optional(v.string()),
  etag: v.optional(v.string()),
});
type PartRecord = v.InferOutput<typeof recordSchema>;

/** An attempt that failed in a way the next one may mend. */
class TryAgain extends Error {
  constructor(
    /** What to say if it does not. */
    readonly reason: FacetError,
    readonly waitMs = 0,
  ) {
    super(reason.message);
  }
}

/**
 * Downloads one file, going on where an earlier download of it stopped. Under its own name the file appears only whole
 * and checked. Resolves to its SHA-256.
 * @throws FacetError `network` or `cancelled`, which keep the part; `not-found`; `bad-file`, which keeps nothing
 */
export function download(job: DownloadJob): Promise<string> {
  return new Download(job).run();
}

class Download {
  readonly #part: string;
  readonly #record: string;
  /** Bytes of the part, all of which `#digest` has seen. */
  #at = 0;
  #digest: FileDigest;
  #etag?: string;
  /** Whether the part was put together from more than one answer. */
  #joined = false;

  constructor(private readonly job: DownloadJob) {
    this.#part = `${job.name}.part`;
    this.#record = `${job.name}.part.json`;
    this.#digest = this.#newDigest();
  }

  async run(): Promise<string> {
    await this.#pickUp();
    for (let again = false; ; again = true) {
      try {
        await this.#complete();
      } catch (thrown) {
        if (FacetError.from(thrown).code === 'bad-file') await this.#discard();
        throw thrown;
      }
      const wrong = this.#mistake(this.#digest.finish());
      if (typeof wrong !== 'string') return this.#settle(wrong.sha256);
      const joined = this.#joined;
      await this.#discard();
      // Parts of two files would look like this; from one answer there is nothing to hope for.
      if (again || !joined) throw damaged(this.job.file.path, wrong);
    }
  }

  /** Takes up what an earlier download of the very same file left. */
  async #pickUp(): Promise<void> {
    const { store, folder, file, signal } = this.job;
    const [part, text] = await Promise.all([
      store.read(folder, this.#part),
      store.read(folder, this.#record).then((blob) => (blob && blob.size < 10_000 ? blob.text() : undefined)),
    ]);
    const record = part && text ? parseRecord(text) : undefined;
    const same =
      record?.path === file.path &&
      record.bytes === file.bytes &&
      record.sha256 === file.sha256 &&
      record.oid === file.oid &&
      // Without digest or ETag nothing would tell a changed file from this one.
      (file.sha256 ?? file.oid ?? record.etag) !== undefined;
    if (!part || !same || part.size > file.bytes) return void (part && (await this.#discard()));
    const take = (bytes: Uint8Array): void => {
      this.#digest.update(bytes);
      this.job.onBytes((this.#at += bytes.length));
    };
    await readThrough(file.path, part, take, signal);
    this.#etag = record.etag;
    this.#joined = this.#at > 0;
  }

  /** Attempts until every byte is here. */
  async #complete(): Promise<void> {
    const { file, hub, signal, store, folder } = this.job;
    const { attempts, backoffMs, longestWaitMs } = hub.patience;
    if (file.bytes === 0) await (await store.append(folder, this.#part, 0)).close();
    let furthest = this.#at;
    let failures = 0;
    while (this.#at < file.bytes) {
      try {
        await this.#attempt();
      } catch (thrown) {
        if (!(thrown instanceof TryAgain)) throw thrown;
        // Only bytes that were never here count as progress: a file that starts over for ever must end.
        failures = this.#at > furthest ? 1 : failures + 1;
        furthest = Math.max(furthest, this.#at);
        if (failures >= attempts || thrown.waitMs > longestWaitMs) throw thrown.reason;
        this.job.onBytes(this.#at, `${thrown.reason.message} Trying again.`);
        await pause(Math.max(thrown.waitMs, backoffMs * 2 ** (failures - 1)), signal);
      }
    }
  }

  async #attempt(): Promise<void> {
    const { file, hub, url, signal, store, folder } = this.job;
    const watch = new Watch(signal, hub.patience.stallMs);
    let out: Appender | undefined;
    let answered = false;
    try {
      // A range even for all of it: it makes servers send the file itself, not compressed, and name its size.
      const response = await hub.get(url, watch.signal, { range: `bytes=${this.#at}-` });
      answered = true;
      await this.#accept(response);
      watch.moved();
      out = await store.append(folder, this.#part, this.#at).catch((thrown: unknown) => {
        // The worker of a page that was just closed may still hold it.
        throw thrown instanceof FacetError ? new TryAgain(thrown) : thrown;
      });
      const reader = response.body?.getReader();
      for (let read = await reader?.read(); read && !read.done; read = await reader?.read()) {
        watch.moved();
        const bytes = read.value;
        if (this.#at + bytes.length > file.bytes)
          throw damaged(file.path, `it is longer than ${file.bytes} bytes`);
        await out.write(bytes);
        this.#digest.update(bytes);
        this.#at += bytes.length;
        this.job.onBytes(this.#at);
      }
      if (this.#at < file.bytes) throw new TryAgain(brokenOff(file.path, this.#at, file.bytes));
    } catch (thrown) {
      if (signal.aborted) throw cancelled(thrown);
      if (thrown instanceof TryAgain || thrown instanceof FacetError || isQuotaError(thrown)) throw thrown;
      if (watch.stalled) throw new TryAgain(stalled(file.path, url.host, hub.patience.stallMs / 1000));
      if (!answered) throw new TryAgain(unreachable(file.path, url.host, thrown));
      throw new TryAgain(brokenOff(file.path, this.#at, file.bytes, String(thrown)));
    } finally {
      watch.stop();
      await out?.close();
    }
  }

  /**
   * Decides whether the bytes of an answer belong behind those of the part; starts over when they are the whole file.
   * @throws FacetError or TryAgain when they do not belong
   */
  async #accept(response: Response): Promise<void> {
    const { file, hub, store, folder } = this.job;
    if (!response.ok) {
      const error = refused(response, file.path, hub.hasToken);
      if (response.status === 416 && this.#at > 0) return this.#startOver('the server has no such part');
      if (isPassing(response.status)) throw new TryAgain(error, (retryAfter(response) ?? 0) * 1000);
      throw error;
    }
    const etag = response.headers.get('etag')?.replace(/^W\//, '');
    const changed = etag !== undefined && this.#etag !== undefined && etag !== this.#etag;
    if (response.status === 206) {
      const range = contentRange(response);
      if (range?.total !== undefined && range.total !== file.bytes) throw otherSize(file, range.total);
      if (changed) return this.#startOver('the file was changed meanwhile');
      if (range && range.from !== this.#at) {
        if (this.#at > 0) return this.#startOver('the server sent another part than asked for');
        throw damaged(file.path, `the server sends it from byte ${range.from}`);
      }
      // Headers that the server does not let a page read: then a digest must tell in the end, or an equal ETag now.
      if (!range && this.#at > 0 && (file.sha256 ?? file.oid) === undefined && etag !== this.#etag)
        return this.#startOver('the server does not say which part it sends');
    } else {
      // The whole file: a server that knows no ranges.
      const length = response.headers.get('content-length');
      if (length !== null && !response.headers.has('content-encoding') && Number(length) !== file.bytes)
        throw otherSize(file, Number(length));
      if (this.#at > 0) await this.#discard();
    }
    if (this.#at > 0) {
      this.#joined = true;
      return;
    }
    this.#etag = etag;
    const record: PartRecord = { ...file, etag };
    await store.write(folder, this.#record, JSON.stringify(record));
  }

  async #startOver(why: string): Promise<never> {
    await this.#discard();
    const reason = new FacetError('network', `${this.job.file.path} cannot be continued: ${why}.`, {
      hint: 'Try again: it starts from the beginning.',
    });
    throw new TryAgain(reason);
  }

  async #discard(): Promise<void> {
    const { store, folder, onBytes } = this.job;
    this.#at = 0;
    this.#etag = undefined;
    this.#joined = false;
    this.#digest = this.#newDigest();
    await store.remove(folder, this.#record);
    await store.remove(folder, this.#part);
    onBytes(0);
  }

  #newDigest(): FileDigest {
    const { bytes, oid } = this.job.file;
    return new FileDigest(oid === undefined ? undefined : bytes);
  }

  /** What is wrong with a whole file, or its digests. */
  #mistake(found: { sha256: string; oid?: string }): string | { sha256: string } {
    const { sha256, oid } = this.job.file;
    if (sha256 !== undefined && sha256 !== found.sha256) return 'its SHA-256 is not the listed one';
    if (oid !== undefined && oid !== found.oid) return 'its digest is not the listed one';
    return found;
  }

  async #settle(sha256: string): Promise<string> {
    const { store, folder, name } = this.job;
    await store.rename(folder, this.#part, name);
    await store.remove(folder, this.#record);
    return sha256;
  }
}

function otherSize(file: ListedFile, bytes: number): FacetError {
  return damaged(file.path, `it has ${bytes} bytes instead of ${file.bytes}`);
}

function parseRecord(text: string): PartRecord | undefined {
  try {
    const parsed = v.safeParse(recordSchema, JSON.parse(text));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined when there is none, or the page may not read it. */
function contentRange(response: Response): { from: number; total?: number } | undefined {
  const match = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15}|\*)$/.exec(
    response.headers.get('content-range') ?? '',
  );
  return match
    ? { from: Number(match[1]), total: match[2] === '*' ? undefined : Number(match[2]) }
    : undefined;
}
