import { openAsBlob } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Appender, localLock, type Lock, type Store } from '../library/store.ts';

/** The library's files in a folder of this computer. */
export class FsStore implements Store {
  readonly durable = true;
  readonly #paths = new WeakMap<Blob, string>();

  constructor(private readonly root: string) {}

  /** Where a blob that this store gave out lies. */
  pathOf(blob: Blob): string {
    const path = this.#paths.get(blob);
    if (path === undefined) throw new Error('not a blob of this store');
    return path;
  }

  folders(): Promise<string[]> {
    return names(this.root, 'isDirectory');
  }

  async files(folder: string): Promise<{ name: string; bytes: number }[]> {
    const found = await names(join(this.root, folder), 'isFile');
    return Promise.all(
      found.map(async (name) => ({ name, bytes: (await stat(join(this.root, folder, name))).size })),
    );
  }

  async read(folder: string, name: string): Promise<Blob | undefined> {
    const path = join(this.root, folder, name);
    try {
      const blob = await openAsBlob(path);
      this.#paths.set(blob, path);
      return blob;
    } catch {
      return undefined;
    }
  }

  async write(folder: string, name: string, text: string): Promise<void> {
    const path = await this.#place(folder, name);
    // Written beside and moved: whoever reads meanwhile finds the old one or the new one.
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
  }

  async append(folder: string, name: string, at: number): Promise<Appender> {
    const path = await this.#place(folder, name);
    const file = await open(path, at === 0 ? 'w' : 'r+');
    await file.truncate(at);
    let end = at;
    return {
      async write(bytes) {
        for (let done = 0; done < bytes.length;) {
          const { bytesWritten } = await file.write(bytes, done, bytes.length - done, end);
          done += bytesWritten;
          end += bytesWritten;
        }
      },
      close: () => file.close(),
    };
  }

  rename(folder: string, from: string, to: string): Promise<void> {
    return rename(join(this.root, folder, from), join(this.root, folder, to));
  }

  remove(folder: string, name = ''): Promise<void> {
    return rm(join(this.root, folder, name), { recursive: true, force: true });
  }

  async #place(folder: string, name: string): Promise<string> {
    await mkdir(join(this.root, folder), { recursive: true });
    return join(this.root, folder, name);
  }
}

async function names(folder: string, kind: 'isFile' | 'isDirectory'): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry[kind]()).map(({ name }) => name);
}

/** Lets one process at a time work on a set; what a process that has died held is free. */
export function fileLock(root: string): Lock {
  const inThisProcess = localLock();
  return (name, signal, work) =>
    inThisProcess(name, signal, async () => {
      const path = join(root, `${name}.lock`);
      await mkdir(root, { recursive: true });
      while (!(await taken(path))) {
        signal.throwIfAborted();
        await pause(300, undefined, { signal });
      }
      try {
        return await work();
      } finally {
        await rm(path, { force: true });
      }
    });
}

async function taken(path: string): Promise<boolean> {
  try {
    await writeFile(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
  }
  const holder = Number(await readFile(path, 'utf8').catch(() => ''));
  if (holder > 0 && !isAlive(holder)) await rm(path, { force: true });
  return false;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}
