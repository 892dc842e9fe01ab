// `npm test`: every check of the repository, each even after another failed, then one closing line.
// `--only check|unit|cpu|gpu|e2e` narrows the run; `--all` adds the longest cases, and journeys marked @long, which together take
// another quarter of an hour.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { missingBrowser } from './ensure-browser.mjs';
import { installIfStale, ROOT } from './install.mjs';
import {
  closingLine,
  exitCode,
  failuresPlaywright,
  failuresVitest,
  sumTallies,
  tallyPlaywright,
  tallyStep,
  tallyVitest,
  withExitCode,
} from './tally.mjs';

const GROUPS = ['check', 'unit', 'cpu', 'gpu', 'e2e'];
const REPORTS = 'test-results';
const { values } = parseArgs({ options: { only: { type: 'string' }, all: { type: 'boolean' } } });
if (values.only !== undefined && !GROUPS.includes(values.only)) {
  console.error(`--only takes one of: ${GROUPS.join(', ')}`);
  process.exit(2);
}

installIfStale();
if (values.all) process.env.VITE_ALL = '1';
const groups = values.only ? [values.only] : GROUPS;
const noBrowser = groups.includes('gpu') || groups.includes('e2e') ? await missingBrowser() : undefined;
rmSync(join(ROOT, REPORTS), { recursive: true, force: true });
mkdirSync(join(ROOT, REPORTS));

/** @type {import('./tally.mjs').Tally[]} */
const tallies = [];
/** @type {string[]} */
const failures = [];
/** What failed inside a group, for the end of a long log. @type {string[]} */
const details = [];

/** @param {string} name @param {import('./tally.mjs').Tally} tally @param {number} started */
function record(name, tally, started) {
  tallies.push(tally);
  if (tally.failed > 0) failures.push(name);
  console.log(`── ${name}: ${closingLine(tally)} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
}

/** Runs one of the installed tools. A tool that hangs is ended after `minutes`, which is a failure.
 * @param {string[]} command script below the repository, then its arguments
 * @param {{ minutes?: number, env?: Record<string, string>, aside?: boolean }} [options] `aside` prints what it says in
 *   one piece when it is done, because something else is running
 * @returns {Promise<boolean>} whether it ended well */
function node(command, { minutes = 3, env = {}, aside = false } = {}) {
  // Vite, asked for the browser above, leaves NODE_ENV=development behind, which would build React's slow half.
  const { NODE_ENV: _, ...own } = process.env;
  const child = spawn(process.execPath, command, {
    cwd: ROOT,
    env: { ...own, ...env },
    stdio: aside ? ['ignore', 'pipe', 'pipe'] : 'inherit',
    timeout: minutes * 60_000,
    killSignal: 'SIGTERM',
  });
  /** @type {Buffer[]} */
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => said.push(data));
  return new Promise((resolve) => {
    child.once('error', () => resolve(false));
    child.once('close', (status) => {
      process.stdout.write(Buffer.concat(said));
      resolve(status === 0);
    });
  });
}

/** @param {string} name @param {string[]} command @returns {Promise<boolean>} whether it passed */
async function check(name, command) {
  const started = performance.now();
  const ok = await node(command);
  record(name, tallyStep(ok), started);
  return ok;
}

/** @param {string} name
 * @param {{ count: (report: any) => import('./tally.mjs').Tally, explain: (report: any) => string[] }} reading
 * @param {() => Promise<boolean>} run */
async function tests(name, { count, explain }, run) {
  const started = performance.now();
  const ok = await run();
  let tally = tallyStep(false);
  try {
    const report = JSON.parse(readFileSync(join(ROOT, REPORTS, `${name}.json`), 'utf8'));
    tally = withExitCode(count(report), ok);
    const lines = explain(report);
    if (!ok && lines.length === 0)
      lines.push('no test failed, but the runner did: an error outside every test');
    details.push(...lines.slice(0, 20).map((line) => `${name}: ${line}`));
  } catch {
    console.error(`${name}: the run ended without a report.`);
  }
  record(name, tally, started);
}

/** @param {'unit' | 'cpu' | 'gpu'} project @param {number} minutes @param {boolean} [aside] */
function vitest(project, minutes, aside) {
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${REPORTS}/${project}.json`];
  return tests(project, { count: tallyVitest, explain: failuresVitest }, () =>
    node(['node_modules/vitest/vitest.mjs', 'run', '--project', project, ...reporters], {
      minutes,
      aside,
    }),
  );
}

/** A step that cannot run is a failed step. @param {string} name @param {string} reason */
function cannot(name, reason) {
  console.error(reason);
  record(name, tallyStep(false), performance.now());
}

/** @returns {Promise<number>} a port nobody listens on, so that two runs never test each other's build */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

// A software adapter is slow, and waits much for what asks it: the rest of what needs no page is run beside it.
const alone = groups.length === 1;
/** @type {Promise<void> | undefined} */
let onGpu;
if (groups.includes('gpu')) {
  if (noBrowser) cannot('gpu', noBrowser);
  else onGpu = vitest('gpu', 16, !alone);
}
if (groups.includes('check')) {
  await check('format', ['node_modules/oxfmt/bin/oxfmt', '--check']);
  await check('lint', ['node_modules/oxlint/bin/oxlint', '--type-aware', '--deny-warnings']);
  await check('types', ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json']);
  await check('types of the worker', ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.worker.json']);
}
if (groups.includes('unit')) await vitest('unit', 10);
if (groups.includes('cpu')) await vitest('cpu', 12);
await onGpu;
if (groups.includes('e2e')) {
  const built = await check('build', ['node_modules/vite/bin/vite.js', 'build', '--logLevel', 'warn']);
  if (built) await check('budget', ['scripts/budget.mjs']);
  if (!built) cannot('e2e', 'e2e: there is no build to test.');
  else if (noBrowser) cannot('e2e', noBrowser);
  else {
    const env = { FACET_E2E_PORT: String(await freePort()) };
    await tests('e2e', { count: tallyPlaywright, explain: failuresPlaywright }, () =>
      node(
        ['node_modules/@playwright/test/cli.js', 'test', ...(values.all ? [] : ['--grep-invert', '@long'])],
        { minutes: 22, env },
      ),
    );
  }
}

const total = sumTallies(tallies);
for (const line of details) console.log(`✗ ${line}`);
if (failures.length > 0) console.log(`Failed: ${failures.join(', ')}`);
console.log(closingLine(total));
process.exitCode = exitCode(total);
