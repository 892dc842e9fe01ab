/**
 * Where the library keeps files: folders of flat files, with names the library makes itself (hexadecimal digits, a
 * suffix), so that nothing from outside ever becomes a file name.
 */
export interface Store {
  /** False when everything is gone with the page. */
  readonly durable: boolean;
  folders(): Promise<string[]>;
  files(folder: string): Promise<{ name: string; bytes: number }[]>;
  read(folder: string, name: string): Promise<Blob | undefined>;
  /** Replaces a small file as a whole: nobody ever reads half of it. */
  write(folder: string, name: string, text: string): Promise<void>;
  /** Opens a file for writing from byte `at`; what stood there and behind is cut off. */
  append(folder: string, name: string, at: number): Promise<Appender>;
  /** Under its new name a file appears whole or not at all. */
  rename(folder: string, from: string, to: string): Promise<void>;
  /** A file, or a whole folder; what is not there is no error. */
  remove(folder: string, name?: string): Promise<void>;
}

export interface Appender {
  /** @throws DOMException `QuotaExceededError` */
  write(bytes: Uint8Array<ArrayBuffer>): void | Promise<void>;
  close(): Promise<void>;
}

/** What the browser says of space; all zero where it says nothing. */
export interface Space {
  estimate(): Promise<{ usage: number; quota: number }>;
  persisted(): Promise<boolean>;
}

/** Lets one holder of a name work at a time, over all tabs. Rejects with an `AbortError` when the wait is cut short. */
export type Lock = <Result>(
  name: string,
  signal: AbortSignal,
  work: () => Promise<Result>,
) => Promise<Result>;

/** Holds everything as blobs, which browsers may put on disk themselves: for private windows, and tests. */
export class MemoryStore implements Store {
  readonly durable: boolean = false;
  readonly #folders = new Map<string, Map<string, Blob>>();

  folders(): Promise<string[]> {
    return Promise.resolve([...this.#folders.keys()]);
  }

  files(folder: string): Promise<{ name: string; bytes: number }[]> {
    const files = [...(this.#folders.get(folder) ?? [])];
    return Promise.resolve(files.map(([name, blob]) => ({ name, bytes: blob.size })));
  }

  read(folder: string, name: string): Promise<Blob | undefined> {
    return Promise.resolve(this.#folders.get(folder)?.get(name));
  }

  write(folder: string, name: string, text: string): Promise<void> {
    this.#set(folder, name, new Blob([text]));
    return Promise.resolve();
  }

  append(folder: string, name: string, at: number): Promise<Appender> {
    let parts: Blob[] = [this.#folders.get(folder)?.get(name)?.slice(0, at) ?? new Blob()];
    return Promise.resolve({
      write: (bytes) => {
        // A blob holds a copy: whoever reads on may use the buffer again.
        parts.push(new Blob([bytes]));
        // Thousands of small parts would make a slow blob.
        if (parts.length > 256) parts = [new Blob(parts)];
      },
      close: () => Promise.resolve(this.#set(folder, name, new Blob(parts))),
    });
  }

  rename(folder: string, from: string, to: string): Promise<void> {
    const blob = this.#folders.get(folder)?.get(from);
    if (!blob) return Promise.reject(new DOMException(`no ${from}`, 'NotFoundError'));
    this.#folders.get(folder)!.delete(from);
    this.#set(folder, to, blob);
    return Promise.resolve();
  }

  remove(folder: string, name?: string): Promise<void> {
    if (name === undefined) this.#folders.delete(folder);
    else this.#folders.get(folder)?.delete(name);
    return Promise.resolve();
  }

  #set(folder: string, name: string, blob: Blob): void {
    const files = this.#folders.get(folder) ?? new Map<string, Blob>();
    this.#folders.set(folder, files.set(name, blob));
  }
}

/** Memory only, where there are no locks between tabs or no tabs. */
export function localLock(): Lock {
  const tails = new Map<string, Promise<unknown>>();
  return (name, signal, work) => {
    const turn = (tails.get(name) ?? Promise.resolve()).then(() => {
      signal.throwIfAborted();
      return work();
    });
    const tail = turn.catch(() => {});
    tails.set(name, tail);
    void tail.then(() => tails.get(name) === tail && tails.delete(name));
    return turn;
  };
}
