const NAMES = new Set(['.ds_store', 'thumbs.db', 'desktop.ini', '.gitattributes', '.gitignore', '__macosx']);
const FOLDERS = new Set(['.git', '.cache', '.ipynb_checkpoints', '__pycache__', '__macosx', 'node_modules']);

/** What operating systems and tools leave beside the files that matter. */
export function isJunk(path: string): boolean {
  const parts = path.toLowerCase().split('/');
  const name = parts.at(-1) ?? '';
  return NAMES.has(name) || name.startsWith('._') || parts.slice(0, -1).some((part) => FOLDERS.has(part));
}
