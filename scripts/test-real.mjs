// `npm run test:real`: SmolLM2-135M through the built page, against transformers. Makes what it needs the first time: a
// Python environment (training/.venv), and weights and answers (training/work/real), about 1.5 GB. Not part of `npm test`.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildIfStale } from './build.mjs';
import { installIfStale, ROOT } from './install.mjs';

/** @param {string} command @param {string[]} argv */
function run(command, argv) {
  const { status, error } = spawnSync(command, argv, { cwd: ROOT, stdio: 'inherit' });
  if (error) console.error(`${command}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

installIfStale();
const folder = process.env.FACET_REAL ?? join(ROOT, 'training', 'work', 'real');
if (!existsSync(join(folder, 'golden', 'golden.json'))) {
  const venv = join(ROOT, 'training', '.venv');
  const python = process.env.PYTHON ?? join(venv, 'bin', 'python');
  if (!process.env.PYTHON) {
    if (!existsSync(python)) run('python3', ['-m', 'venv', venv]);
    // Again after a break: what is there already takes no time.
    run(python, ['-m', 'pip', 'install', '-q', '-r', 'training/requirements.txt']);
  }
  run(python, ['training/real_model.py', folder]);
}
await buildIfStale();
run(process.execPath, [
  'node_modules/@playwright/test/cli.js',
  'test',
  '--config',
  'playwright.real.config.ts',
]);
