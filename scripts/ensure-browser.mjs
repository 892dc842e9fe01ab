// Says which browser tests and the command line will drive. With --install it gets one when there is none:
// Debian's Chromium as root, else Playwright's own download. Without, it never alters the machine.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { installIfStale, ROOT } from './install.mjs';

async function browserModule() {
  const { runnerImport } = await import('vite');
  /** @type {{ module: typeof import('./browser.ts') }} */
  const { module } = await runnerImport(`${ROOT}/scripts/browser.ts`, {
    configFile: false,
    logLevel: 'error',
  });
  return module;
}

/** @returns {Promise<string | undefined>} what to do about it, or `undefined` when there is a browser */
export async function missingBrowser() {
  const { findBrowser, HOW_TO_GET_A_BROWSER } = await browserModule();
  return findBrowser() ? undefined : HOW_TO_GET_A_BROWSER;
}

/** @param {string} command @param {string[]} flags */
function run(command, flags) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync(command, flags, { cwd: ROOT, env, stdio: ['ignore', 2, 2] }).status === 0;
}

async function install() {
  const { findBrowser } = await browserModule();
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    run('apt-get', ['update', '-q']);
    run('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'chromium']);
  }
  if (!findBrowser()) run(process.execPath, ['node_modules/@playwright/test/cli.js', 'install', 'chromium']);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  installIfStale();
  if ((await missingBrowser()) && process.argv.includes('--install')) await install();
  const missing = await missingBrowser();
  if (missing) console.error(missing);
  else console.log(`Browser: ${(await browserModule()).findBrowser()}`);
  process.exitCode = missing ? 1 : 0;
}
