// Fails when what a visitor downloads grows beyond its budget. Sizes in kB (1,000 bytes), code after gzip -9.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ROOT } from './install.mjs';

const DIST = join(ROOT, 'dist');
const scripts = readdirSync(join(DIST, 'assets')).filter((name) => name.endsWith('.js'));

/** @param {string} name @returns {string} */
const code = (name) => readFileSync(join(DIST, 'assets', name), 'utf8');

/**
 * Scripts and all that they import before they run, each once; what is imported later is not among them.
 * @param {(string | RegExp)[]} wanted names, or patterns of which each finds one
 * @returns {string[]} paths below `dist`
 */
function withImports(wanted) {
  const found = new Set(
    wanted.map((each) => (typeof each === 'string' ? each : scripts.find((name) => each.test(name)))),
  );
  // A set goes on to what is added while it is gone through.
  for (const name of found) {
    if (name === undefined) throw new Error(`The build lacks one of ${wanted.join(', ')}.`);
    for (const [, other] of code(name).matchAll(/(?:from|import) ?["']\.\/([\w.-]+\.js)["']/g))
      found.add(other);
  }
  return [...found].map((name) => `assets/${name}`);
}

/** What the page's HTML asks for: the entry, and what is preloaded with it. */
const asked = [...readFileSync(join(DIST, 'index.html'), 'utf8').matchAll(/(?:src|href)="([^"]+\.js)"/g)].map(
  ([, path]) => basename(path),
);
const firstPaint = withImports(asked);
const firstFeatures = withImports([...asked, /^ExploreView-/, /^engine\.worker-/]);

/** `files` is a pattern of paths, or the paths themselves. */
const BUDGETS = [
  { name: 'script before the first paint', files: firstPaint, most: 130, gzip: true },
  { name: 'script before the first features', files: firstFeatures, most: 330, gzip: true },
  { name: 'script before the first view', files: /^assets\/(index|client)-.*\.js$/, most: 130, gzip: true },
  { name: 'the Explore view', files: /^assets\/(ExploreView|Info)-.*\.js$/, most: 90, gzip: true },
  {
    name: 'the Models view',
    files: /^assets\/(ModelsView|ConsentPage|models|sets)-.*\.js$/,
    most: 40,
    gzip: true,
  },
  {
    name: 'the Heads view',
    files:
      /^assets\/(HeadsView|\w+Part|Sum|PromptBox|TokenBoxes|Working|derived|VirtualRows|attribution-question)-.*\.js$/,
    most: 100,
    gzip: true,
  },
  { name: 'the Steering view', files: /^assets\/SteeringView-.*\.js$/, most: 60, gzip: true },
  {
    name: 'the Features view',
    files: /^assets\/Feature(s|Page|Index|Search|Compare|Map|Labels)\w*-.*\.js$/,
    most: 60,
    gzip: true,
  },
  { name: 'the Prompts view', files: /^assets\/PromptsView-.*\.js$/, most: 30, gzip: true },
  { name: 'the Speed view', files: /^assets\/BenchView-.*\.js$/, most: 12, gzip: true },
  { name: 'the speed suite (worker)', files: /^assets\/(suite|workloads)-.*\.js$/, most: 14, gzip: true },
  {
    name: 'kernels for the processor (worker)',
    files: /^assets\/(cpu-gpu-.*\.js|asc.*\.wasm)$/,
    most: 40,
    gzip: true,
  },
  { name: 'the engine (worker)', files: /^assets\/engine\.worker-.*\.js$/, most: 105, gzip: true },
  {
    name: 'questions about heads (worker)',
    files:
      /^assets\/(copying|roles|sparsify|attribute|scores|ablate|circuits|times|pattern|head-matrices|corpus|shares|reading)-.*\.js$/,
    most: 60,
    gzip: true,
  },
  {
    name: 'kernels for the processor (WebAssembly, one of two)',
    files: /^assets\/asc-(?!relaxed).*\.wasm$/,
    most: 10,
    gzip: true,
  },
  { name: 'the library (worker)', files: /^assets\/library\.worker-.*\.js$/, most: 25, gzip: true },
  { name: 'the reader of texts (worker)', files: /^assets\/corpus\.worker-.*\.js$/, most: 60, gzip: true },
  { name: 'Parquet (worker)', files: /^assets\/parquet-rows-.*\.js$/, most: 100, gzip: true },
  { name: 'styles', files: /^assets\/.*\.css$/, most: 22, gzip: true },
  { name: 'everything a first view loads', files: /^(models|.*hook_resid_pre\/|catalogue)/, most: 7_000 },
  { name: 'all bundled models and dictionaries', files: /^(models|dictionaries)\//, most: 15_000 },
];

/** @param {string} folder @returns {string[]} paths below it, with forward slashes */
function walk(folder, prefix = '') {
  return readdirSync(join(folder, prefix), { withFileTypes: true }).flatMap((entry) => {
    const path = prefix ? `${prefix}/${entry.name}` : entry.name;
    return entry.isDirectory() ? walk(folder, path) : [path];
  });
}

const paths = walk(DIST);
let over = false;
for (const { name, files, most, gzip } of BUDGETS) {
  const found = Array.isArray(files) ? files : paths.filter((path) => files.test(path));
  const bytes = found.reduce((sum, path) => {
    const file = join(DIST, path);
    return sum + (gzip ? gzipSync(readFileSync(file), { level: 9 }).length : statSync(file).size);
  }, 0);
  const kb = bytes / 1000;
  // Nothing found is a budget that watches nothing.
  const ok = found.length > 0 && kb <= most;
  over ||= !ok;
  console.log(
    `${ok ? 'ok  ' : 'OVER'} ${name}: ${kb.toFixed(1)} of ${most} kB${gzip ? ' gz' : ''} (${found.length} files)`,
  );
}
process.exitCode = over ? 1 : 0;
