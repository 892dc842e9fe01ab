// Node built-ins only: this runs before anything is installed.
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, statSync } from 'node:fs';
import { resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '..');

/** Ends the process with one line when this Node is too old for the tools below. */
export function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19)) return;
  console.error(
    `Facet needs Node 20.19 or newer (22.12 or newer from 21 on); this is ${process.versions.node}.`,
  );
  process.exit(1);
}

/** Whether `node_modules` is missing or was installed for an older `package-lock.json`. */
export function isInstallStale(root = ROOT) {
  const installed = resolve(root, 'node_modules/.package-lock.json');
  // Through a link `npm ci` would empty the folder of another checkout.
  if (lstatSync(resolve(root, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink()) return false;
  return (
    !existsSync(installed) ||
    statSync(installed).mtimeMs < statSync(resolve(root, 'package-lock.json')).mtimeMs
  );
}

/** Runs `npm ci` in a folder when it is needed, and ends the process with npm's own code when that fails. */
export function installIfStale(root = ROOT) {
  requireNode();
  if (!isInstallStale(root)) return;
  console.error('Installing the packages of package-lock.json (npm ci) …');
  const flags = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  const { status, error } = npm?.endsWith('.js')
    ? spawnSync(process.execPath, [npm, ...flags], { cwd: root, stdio: ['ignore', 2, 2] })
    : spawnSync('npm', flags, { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
  if (status === 0) return;
  console.error(
    `npm ci failed${error ? `: ${error.message}` : ''}. The first installation needs a package registry.`,
  );
  process.exit(status || 1);
}
