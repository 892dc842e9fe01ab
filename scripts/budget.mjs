// Fails when what a visitor downloads grows beyond its budget. Sizes in kB (1,000 bytes), code after gzip -9.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ROOT } from './install.mjs';

const DIST = join(ROOT, 'dist');
const BUDGETS = [
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
  const found = paths.filter((path) => files.test(path));
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
