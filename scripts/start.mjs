// `npm start`: installs, builds and serves the page on this machine, each only when needed.
// Options: --port N (default 4173, or the next free one), --no-open.
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { buildIfStale } from './build.mjs';
import { installIfStale, ROOT } from './install.mjs';

const { values } = parseArgs({
  options: { port: { type: 'string', default: '4173' }, 'no-open': { type: 'boolean', default: false } },
});

installIfStale();
try {
  if (await buildIfStale()) console.error('Built dist/.');
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

// Imported late: before `installIfStale` there may be no Vite.
const { preview } = await import('vite');
const server = await preview({
  root: ROOT,
  logLevel: 'error',
  preview: { host: '127.0.0.1', port: Number(values.port), strictPort: false, open: false },
});
const address = server.resolvedUrls?.local[0];
console.log(`Facet is at ${address}   (Ctrl-C ends it)`);
if (address && !values['no-open'] && hasDesktop()) open(address);

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
  process.once(signal, () => {
    // Browsers hold keep-alive connections open, which would delay the end by seconds.
    if ('closeAllConnections' in server.httpServer) server.httpServer.closeAllConnections();
    void server.close().finally(() => process.exit(0));
  });
}

function hasDesktop() {
  if (process.env.CI) return false;
  if (process.platform === 'darwin' || process.platform === 'win32') return true;
  return Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
}

/** The address is printed already, so a machine without an opener is no failure.
 * @param {string} url */
function open(url) {
  const [command, ...flags] =
    process.platform === 'darwin'
      ? ['open']
      : process.platform === 'win32'
        ? ['cmd', '/c', 'start', '']
        : ['xdg-open'];
  spawn(command, [...flags, url], { detached: true, stdio: 'ignore' })
    .on('error', () => {})
    .unref();
}
