// Runs a TypeScript entry of this repository in Node through Vite's own transform, so that command-line
// tools share the page's modules (including `?raw` shaders) without a second compiler.
// Usage: node scripts/run.mjs path/to/entry.ts [arguments]; the entry exports `main(argv): Promise<number>`.
import { resolve } from 'node:path';
import { runnerImport } from 'vite';

const [entry, ...argv] = process.argv.slice(2);
if (!entry) {
  console.error('usage: node scripts/run.mjs ENTRY.ts [arguments]');
  process.exit(2);
}
const { module } = await runnerImport(resolve(entry), { configFile: false, logLevel: 'error' });
process.exitCode = await module.main(argv);
