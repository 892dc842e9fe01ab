import { FacetError } from '../shared/errors.ts';
import { isJunk } from './junk.ts';

export interface DroppedFile {
  /** With `/` between folders; the folders that hold everything are left out. */
  path: string;
  file: File;
}

/** Stops a drop of a whole disk. */
const MOST_FILES = 10_000;
const MOST_FOLDERS = 20;

/**
 * Files of a drop, with what is in dropped folders. Call it inside the event: afterwards the browser takes them away.
 * @throws FacetError `bad-input` when there is nothing or far too much, `bad-file` when something cannot be read
 */
export function filesOfDrop(transfer: DataTransfer): Promise<DroppedFile[]> {
  const items = [...transfer.items].filter((item) => item.kind === 'file');
  const entries = items.map((item) => item.webkitGetAsEntry());
  // Read before the first wait, for the same reason.
  const files = [...transfer.files].map((file) => ({ path: file.name, file }));
  return (async () => {
    const found: DroppedFile[] = [];
    if (entries.length > 0 && entries.every((entry) => entry !== null)) {
      for (const entry of entries) await walk(entry, '', 0, found);
    } else found.push(...files);
    return tidy(found);
  })();
}

/** Files of `<input type="file">`, which gives folders as `webkitRelativePath`. @throws FacetError `bad-input` */
export function filesOfInput(list: Iterable<File>): DroppedFile[] {
  return tidy([...list].map((file) => ({ path: file.webkitRelativePath || file.name, file })));
}

/** Without junk and without the folders that all of them are in. @throws FacetError `bad-input` when nothing is left */
export function tidy<Entry extends { path: string }>(found: readonly Entry[]): Entry[] {
  const kept = found.filter(({ path }) => !isJunk(path));
  if (kept.length === 0) {
    throw new FacetError('bad-input', 'There are no files in what was dropped.', {
      hint: 'Drop the folder that holds config.json and the weights, or the files themselves.',
    });
  }
  if (kept.length > MOST_FILES) throw tooMany();
  const folders = kept.map(({ path }) => path.split('/').slice(0, -1));
  const [first = []] = folders;
  let shared = 0;
  while (shared < first.length && folders.every((folder) => folder[shared] === first[shared])) shared++;
  return kept.map((entry) => ({ ...entry, path: entry.path.split('/').slice(shared).join('/') }));
}

async function walk(
  entry: FileSystemEntry,
  folder: string,
  depth: number,
  found: DroppedFile[],
): Promise<void> {
  const path = folder + entry.name;
  // Junk folders hold thousands of files; they are not even opened.
  if (isJunk(entry.isDirectory ? `${path}/.` : path)) return;
  if (found.length > MOST_FILES || depth > MOST_FOLDERS) throw tooMany();
  if (entry.isFile) {
    const file = await asked<File>(path, (resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    found.push({ path, file });
  } else {
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    for (;;) {
      // At most a hundred at a time; none are the end.
      const some = await asked<FileSystemEntry[]>(path, (resolve, reject) =>
        reader.readEntries(resolve, reject),
      );
      if (some.length === 0) return;
      for (const each of some) await walk(each, `${path}/`, depth + 1, found);
    }
  }
}

function asked<Value>(
  path: string,
  ask: (resolve: (value: Value) => void, reject: (reason: unknown) => void) => void,
): Promise<Value> {
  return new Promise<Value>(ask).catch((cause: unknown) => {
    throw new FacetError('bad-file', `${path} cannot be read.`, {
      hint: 'Check that it is still there and that this browser may read it.',
      detail: String(cause),
      cause,
    });
  });
}

function tooMany(): FacetError {
  return new FacetError('bad-input', `There are more than ${MOST_FILES} files in what was dropped.`, {
    hint: 'Drop only the folder of the model or dictionary.',
  });
}
