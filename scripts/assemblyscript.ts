import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Plugin } from 'vite';

const CACHE = join(import.meta.dirname, '../node_modules/.cache/facet-assemblyscript');

/** Relaxed SIMD has the fused multiply-add; without it, every browser since 2021 runs the result. */
const FEATURES = { asc: 'simd', 'asc-relaxed': 'simd,relaxed-simd' } as const;

type Build = keyof typeof FEATURES;

interface Compiler {
  version: string;
  main(
    args: readonly string[],
    api: {
      stderr: { write(text: unknown): void };
      writeFile(name: string, contents: Uint8Array | string): void;
    },
  ): Promise<{ error: Error | null }>;
}

// Its own types declare globals, such as an `Array.at` that never misses, and would do so for all of this repository: so
// its name is no literal here.
const compiler = 'assemblyscript/asc';
const { default: asc } = (await import(compiler)) as { default: Compiler };

/** `minimal` brings the heap and no garbage collector; a failed check traps instead of calling out. */
const options = (entry: string, build: Build): string[] =>
  `--outFile kernels.wasm --enable ${FEATURES[build]} --runtime minimal --use abort= --optimizeLevel 3 --shrinkLevel 0 --importMemory`
    .split(' ')
    .concat(entry);

async function compile(entry: string, build: Build): Promise<Uint8Array> {
  let binary: Uint8Array | undefined;
  let problems = '';
  const { error } = await asc.main(options(entry, build), {
    stderr: { write: (text) => void (problems += String(text)) },
    writeFile: (_name, contents) => {
      if (typeof contents !== 'string') binary = contents;
    },
  });
  if (error || !binary) throw new Error(`AssemblyScript: ${problems || error?.message}`);
  return binary;
}

/** Compiled once for what the sources say: tests, benchmarks and builds ask again and again, and it takes seconds. */
async function compiled(entry: string, build: Build, sources: readonly string[]): Promise<Uint8Array> {
  const hash = createHash('sha256').update(JSON.stringify([asc.version, options('', build)]));
  for (const path of sources) hash.update(path.slice(dirname(entry).length)).update(await readFile(path));
  const cached = join(CACHE, `${hash.digest('hex').slice(0, 32)}.wasm`);
  try {
    return await readFile(cached);
  } catch {
    const binary = await compile(entry, build);
    await mkdir(CACHE, { recursive: true });
    const draft = `${cached}.${process.pid}`;
    await writeFile(draft, binary);
    await rename(draft, cached);
    return binary;
  }
}

/**
 * Imports of `x.ts?asc` and `x.ts?asc-relaxed`: AssemblyScript compiled to WebAssembly. Built, it is a file beside the
 * scripts and the import its address; in tests and development the import is its bytes.
 */
export function assemblyScript(): Plugin {
  let building = false;
  return {
    name: 'facet:assemblyscript',
    enforce: 'pre',
    configResolved({ command }) {
      building = command === 'build';
    },
    async load(id) {
      const [entry = '', query = ''] = id.split('?');
      if (!(query in FEATURES)) return undefined;
      const names = await readdir(dirname(entry));
      const sources = names.filter((name) => name.endsWith('.ts')).map((name) => join(dirname(entry), name));
      for (const path of sources) this.addWatchFile(path);
      const binary = await compiled(entry, query as Build, sources.sort());
      if (building) {
        const file = this.emitFile({ type: 'asset', name: `${query}.wasm`, source: binary });
        return `export default import.meta.ROLLUP_FILE_URL_${file}`;
      }
      const base64 = Buffer.from(binary).toString('base64');
      return `export default Uint8Array.from(atob('${base64}'), (letter) => letter.charCodeAt(0))`;
    },
  };
}
