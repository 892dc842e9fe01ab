import { FacetError } from '../shared/errors.ts';
import type { Appender, Lock, Space, Store } from './store.ts';

/** The library's folder in this site's private file system. */
const ROOT = 'library';

/** Files in the origin-private file system; needs a dedicated worker, which alone may write in place. */
export class OpfsStore implements Store {
  readonly durable = true;

  private constructor(private readonly root: FileSystemDirectoryHandle) {}

  /** `undefined` where the browser has none, or lets nothing be kept (private windows of some). */
  static async open(root = ROOT): Promise<OpfsStore | undefined> {
    try {
      const origin = await navigator.storage.getDirectory();
      const folder = await origin.getDirectoryHandle(root, { create: true });
      const store = new OpfsStore(folder);
      // Some private windows hand out a file system that takes no files.
      const probe = `probe-${crypto.randomUUID()}`;
      await store.write(probe, 'probe', '');
      await store.remove(probe);
      return store;
    } catch {
      return undefined;
    }
  }

  async folders(): Promise<string[]> {
    const names: string[] = [];
    for await (const [name, handle] of this.root.entries()) if (handle.kind === 'directory') names.push(name);
    return names;
  }

  async files(folder: string): Promise<{ name: string; bytes: number }[]> {
    const handle = await this.#folder(folder);
    if (!handle) return [];
    const files: { name: string; bytes: number }[] = [];
    for await (const [name, entry] of handle.entries()) {
      if (entry.kind !== 'file') continue;
      // Another tab may remove it between the listing and the question.
      const bytes = await present(entry.getFile());
      if (bytes) files.push({ name, bytes: bytes.size });
    }
    return files;
  }

  async read(folder: string, name: string): Promise<Blob | undefined> {
    const handle = await this.#folder(folder);
    const file = handle && (await present(handle.getFileHandle(name)));
    return file && present(file.getFile());
  }

  async write(folder: string, name: string, text: string): Promise<void> {
    const handle = await this.#create(folder, name);
    // A writable stream works on a copy, which takes the file's place when it is closed.
    const stream = await handle.createWritable();
    await stream.write(text);
    await stream.close();
  }

  async append(folder: string, name: string, at: number): Promise<Appender> {
    const handle = await this.#create(folder, name);
    const access = await handle.createSyncAccessHandle().catch((cause: unknown) => {
      throw new FacetError('network', 'Another tab is writing the same file.', {
        hint: 'Wait for it, or close it, and start again; what has arrived is kept.',
        cause,
      });
    });
    let end = at;
    try {
      access.truncate(at);
    } catch (thrown) {
      access.close();
      throw thrown;
    }
    return {
      write: (bytes) => {
        const written = access.write(bytes, { at: end });
        // A full disk may show as a short count.
        if (written !== bytes.length) throw new DOMException('The disk is full.', 'QuotaExceededError');
        end += written;
      },
      close: () => {
        access.flush();
        access.close();
        return Promise.resolve();
      },
    };
  }

  async rename(folder: string, from: string, to: string): Promise<void> {
    const directory = await this.root.getDirectoryHandle(folder);
    const handle = await directory.getFileHandle(from);
    await this.remove(folder, to);
    // In every browser with WebGPU, but not yet in the standard.
    const movable = handle as FileSystemFileHandle & { move?: (name: string) => Promise<void> };
    if (movable.move) return movable.move(to);
    const target = await directory.getFileHandle(to, { create: true });
    await (await handle.getFile()).stream().pipeTo(await target.createWritable());
    await directory.removeEntry(from);
  }

  async remove(folder: string, name?: string): Promise<void> {
    if (name === undefined) return void (await present(this.root.removeEntry(folder, { recursive: true })));
    await present((await this.#folder(folder))?.removeEntry(name) ?? Promise.resolve());
  }

  #folder(name: string): Promise<FileSystemDirectoryHandle | undefined> {
    return present(this.root.getDirectoryHandle(name));
  }

  async #create(folder: string, name: string): Promise<FileSystemFileHandle> {
    const handle = await this.root.getDirectoryHandle(folder, { create: true });
    return handle.getFileHandle(name, { create: true });
  }
}

/** `undefined` for what does not exist. */
function present<Value>(asked: Promise<Value>): Promise<Value | undefined> {
  return asked.catch((thrown: unknown) => {
    if (thrown instanceof DOMException && thrown.name === 'NotFoundError') return undefined;
    throw thrown;
  });
}

export const browserSpace: Space = {
  async estimate() {
    const { usage = 0, quota = 0 } = await navigator.storage.estimate();
    return { usage, quota };
  },
  persisted: () => navigator.storage.persisted(),
};

export const browserLock: Lock = (name, signal, work) =>
  navigator.locks.request(`facet:${name}`, { signal }, work);
