// `npm run bench`: all benchmarks of ours in a browser, or those named. `npm run bench -- peers` measures against other
// libraries, whose packages it installs below bench/peers/ when they are missing or old.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { installIfStale, ROOT } from './install.mjs';

const [first, ...rest] = process.argv.slice(2);
const command =
  first === 'peers'
    ? ['scripts/run.mjs', 'bench/peers/main.ts', ...rest]
    : [
        'node_modules/vitest/vitest.mjs',
        'run',
        '--config',
        'bench/vitest.config.ts',
        ...process.argv.slice(2),
      ];
if (first === 'peers') installIfStale(join(ROOT, 'bench/peers'));
process.exitCode = spawnSync(process.execPath, command, { cwd: ROOT, stdio: 'inherit' }).status ?? 1;
