// Builds `dist/` when it is older than what it is made from. Node built-ins only; Vite runs in a process of its own,
// because whoever calls this may itself run inside Vite with NODE_ENV=development.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './install.mjs';

const SOURCES = ['index.html', 'headless.html', 'vite.config.ts', 'package-lock.json', 'src', 'public'];

/** Written last by a successful build (`scripts/vite-plugins.ts`), so a broken-off build counts as none. */
export const STAMP = '.built';

/** Newest modification below a path. Folders count too: deleting a file changes only its folder.
 * @param {string} path
 * @returns {number} milliseconds since 1970; 0 when the path does not exist */
function newest(path) {
  if (!existsSync(path)) return 0;
  const found = statSync(path);
  if (!found.isDirectory()) return found.mtimeMs;
  return Math.max(found.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

/** Whether `dist/` is missing, unfinished or older than any source. */
export function isBuildStale(root = ROOT) {
  const stamp = join(root, 'dist', STAMP);
  if (!existsSync(stamp)) return true;
  const built = statSync(stamp).mtimeMs;
  return SOURCES.some((source) => newest(join(root, source)) > built);
}

/** Builds `dist/`; everything Vite says goes to stderr, so that a command's stdout stays its own.
 * @returns {Promise<void>} rejects when the build fails */
export function build() {
  const { NODE_ENV: _, ...env } = process.env;
  const child = spawn(process.execPath, ['node_modules/vite/bin/vite.js', 'build', '--logLevel', 'warn'], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 2, 2],
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error('The build failed.'))));
  });
}

/** Builds when needed. @returns {Promise<boolean>} whether it had to */
export async function buildIfStale() {
  if (!isBuildStale()) return false;
  await build();
  return true;
}
