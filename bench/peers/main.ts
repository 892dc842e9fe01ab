import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, tmpdir, totalmem, type } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Browser, chromium } from '@playwright/test';
import * as v from 'valibot';
import { build } from 'vite';
import { assemblyScript } from '../../scripts/assemblyscript.ts';
import { browserLaunch, findBrowser, HOW_TO_GET_A_BROWSER } from '../../scripts/browser.ts';
import { serveFolders, type StaticServer } from '../../src/cli/serve.ts';
import { type BenchWorkload, benchWorkloads } from '../../src/engine/bench/workloads.ts';
import { measureCold } from './cold.ts';
import { KINDS } from './contender.ts';
import { markdownOf } from './markdown.ts';
import type { Measured } from './page/worker.ts';
import { inOrder, type MeasuredWorkload, type Results, ratiosAmong, resultsSchema } from './results.ts';
import { type Rounds, USUAL_ROUNDS } from './rounds.ts';
import { spreadOf } from './statistics.ts';
import { PARTS, partOf } from './targets.ts';

const HERE = import.meta.dirname;
const RESULTS = resolve(HERE, '../results/peers.json');
const USAGE = `npm run bench -- peers [--only a,c] [--rounds 7] [--contenders ours,ort]

${Object.entries(PARTS)
  .map(([part, title]) => `  ${part}  ${title}`)
  .join('\n')}

--only also takes words of workloads, such as encode-64. What was measured before stays in bench/results/peers.json until it
is measured again; with --contenders nothing is written.`;

/** A workload that takes longer than this is given up. */
const MOST_MS = 20 * 60_000;

/** @returns the exit code: 1 when ours gave a wrong answer or nothing could be measured, 2 for wrong arguments */
export async function main(argv: readonly string[]): Promise<number> {
  const options = {
    only: { type: 'string' },
    rounds: { type: 'string' },
    contenders: { type: 'string' },
    help: { type: 'boolean' },
  } as const;
  const { values } = parseArgs({ args: [...argv], options });
  const only = words(values.only ?? Object.keys(PARTS).join());
  const chosen = benchWorkloads.filter((workload) => isChosen(workload, only));
  const count = Number(values.rounds ?? USUAL_ROUNDS.least);
  if (values.help || (chosen.length === 0 && !only.includes('g')) || !(count >= 1)) {
    console.error(USAGE);
    return values.help ? 0 : 2;
  }
  if (!findBrowser()) {
    console.error(HOW_TO_GET_A_BROWSER);
    return 1;
  }
  const rounds = { ...USUAL_ROUNDS, least: count, most: Math.max(count, USUAL_ROUNDS.most) };
  const contenders = words(values.contenders ?? '');
  const out = mkdtempSync(join(tmpdir(), 'facet-peers-'));
  try {
    const server = await buildPage(out);
    try {
      return await measureAll(server, chosen, { rounds, contenders, cold: only.includes('g') });
    } finally {
      await server.close();
    }
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

const words = (text: string): string[] => text.split(',').filter(Boolean);

/** By part, or by a word of its id; what only serves to be stood beside is measured there. */
function isChosen(workload: BenchWorkload, only: readonly string[]): boolean {
  const { id, shape } = workload;
  const onlyBeside = shape.kind === 'encoder-matmul' && shape.tokens > 64;
  if (onlyBeside || (shape.kind === 'attention' && shape.skipped === 0)) return false;
  return only.some((word) => (word.length === 1 ? word === partOf(workload) : id.includes(word)));
}

async function buildPage(out: string): Promise<StaticServer> {
  await build({
    configFile: false,
    root: join(HERE, 'page'),
    publicDir: false,
    logLevel: 'error',
    build: { outDir: out, target: 'esnext', emptyOutDir: true },
    plugins: [assemblyScript()],
    worker: { format: 'es', plugins: () => [assemblyScript()] },
  });
  return serveFolders({
    '/': out,
    '/ort/': join(HERE, 'node_modules/onnxruntime-web/dist'),
    '/models/': resolve(HERE, '../../public/models'),
  });
}

async function measureAll(
  server: StaticServer,
  chosen: readonly BenchWorkload[],
  asked: { rounds: Rounds; contenders: readonly string[]; cold: boolean },
): Promise<number> {
  const results = await before();
  let wrong = false;
  const write = (): void => {
    if (asked.contenders.length > 0) return;
    mkdirSync(resolve(RESULTS, '..'), { recursive: true });
    writeFileSync(RESULTS, `${JSON.stringify(v.parse(resultsSchema, results), null, 1)}\n`);
    writeFileSync(RESULTS.replace(/json$/, 'md'), markdownOf(results));
  };
  for (const workload of chosen) {
    console.log(`\n${workload.title}`);
    const measured = await measureOne(server, workload, asked);
    wrong ||=
      Boolean(measured.failure) || measured.outcomes.some(({ ours, times }) => ours && times.length === 0);
    results.workloads = inOrder([...results.workloads.filter(({ id }) => id !== workload.id), measured]);
    tell(measured);
    write();
  }
  if (asked.cold) {
    console.log('\nCold start');
    const found = await measureCold(KINDS, asked.rounds.least, (line) => console.log(`  ${line}`));
    results.cold = [
      ...results.cold.filter(({ backend }) => !found.some((own) => own.backend === backend)),
      ...found,
    ];
    write();
  }
  return wrong ? 1 : 0;
}

/** What was measured before, on whatever machine; what describes the machine is this one's. */
async function before(): Promise<Results> {
  const processors = cpus();
  const browser = await chromium.launch({ ...browserLaunch(), headless: true });
  const version = `Chromium ${browser.version()}`;
  await browser.close();
  const manifest = JSON.parse(readFileSync(join(HERE, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const found = existsSync(RESULTS)
    ? v.safeParse(resultsSchema, JSON.parse(readFileSync(RESULTS, 'utf8')))
    : undefined;
  return {
    version: 1,
    machine: {
      processor: processors[0]?.model ?? 'unknown',
      cores: processors.length,
      memoryBytes: totalmem(),
      system: `${type()} ${release()}`,
    },
    browser: version,
    packages: manifest.dependencies,
    workloads: found?.success ? found.output.workloads : [],
    cold: found?.success ? found.output.cold : [],
  };
}

async function measureOne(
  server: StaticServer,
  workload: BenchWorkload,
  { rounds, contenders }: { rounds: Rounds; contenders: readonly string[] },
): Promise<MeasuredWorkload> {
  const started = performance.now();
  const measured: MeasuredWorkload = {
    id: workload.id,
    date: new Date().toISOString(),
    load: loadavg(),
    seconds: 0,
    adapter: '',
    outcomes: [],
    ratios: [],
  };
  // A browser of its own: what one workload leaves behind cannot slow the next one down, and a crash ends one only.
  const browser = await chromium.launch({ ...browserLaunch(), headless: true });
  try {
    const { adapter, outcomes } = await inPage(browser, server, {
      workload: workload.id,
      rounds,
      contenders,
    });
    measured.adapter = adapter;
    measured.ratios = ratiosAmong(workload, outcomes);
    measured.outcomes = outcomes.map((outcome) => ({
      ...outcome,
      ...(outcome.times.length > 0 && { ms: spreadOf(outcome.times) }),
    }));
  } catch (thrown) {
    measured.failure = thrown instanceof Error ? thrown.message : String(thrown);
  } finally {
    await browser.close();
  }
  measured.seconds = (performance.now() - started) / 1_000;
  return measured;
}

async function inPage(
  browser: Browser,
  server: StaticServer,
  asked: Parameters<typeof measure>[0],
): Promise<Measured> {
  const page = await browser.newPage();
  page.on('console', (message) => {
    if (message.type() === 'log') console.log(`  ${message.text()}`);
  });
  await page.goto(`${server.origin}index.html`);
  await page.waitForFunction(() => globalThis.measure !== undefined);
  const gone = new Promise<never>((_, reject) => {
    page.on('crash', () => reject(new Error('the page crashed')));
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('it took too long')), MOST_MS);
  });
  try {
    const said = page.evaluate((given) => globalThis.measure(given), asked);
    return JSON.parse(await Promise.race([said, gone, late])) as Measured;
  } finally {
    clearTimeout(timer);
  }
}

function tell({ ratios, failure, seconds }: MeasuredWorkload): void {
  if (failure) console.log(`  failed: ${failure}`);
  for (const { name, against, of, value, target, reached } of ratios) {
    const promised = target
      ? ` (${target.bound === 'least' ? '≥' : '≤'} ${target.value}: ${reached ? 'reached' : 'short'})`
      : '';
    console.log(`  ${of} of ${name} against ${against}: ${value.median.toPrecision(3)}${promised}`);
  }
  console.log(`  ${seconds.toFixed(0)} s`);
}
