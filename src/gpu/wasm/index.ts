// oxlint-disable import/default -- these files have none: it is what the query makes of them
import { FacetError } from '../../shared/errors.ts';
import plain from './assembly/index.ts?asc';
import relaxed from './assembly/index.ts?asc-relaxed';

/** Numbers the functions know element types of weights by. */
export const DTYPES = { f32: 0, f16: 1, bf16: 2 } as const;

/** Functions of `assembly/`, whose files document them. Pointers are byte addresses in `memory`. */
export interface WasmFunctions {
  matmulScratch(nRows: number, k: number): number;
  matmul(
    x: number,
    w: number,
    dtype: number,
    nk: number,
    nRows: number,
    k: number,
    n: number,
    bias: number,
    residual: number,
    y: number,
    width: number,
    column: number,
    kind: number,
    cap: number,
    scratch: number,
  ): void;
  encodeTopKScratch(nRows: number, d: number, nLatents: number): number;
  encodeTopK(
    x: number,
    w: number,
    dtype: number,
    bEnc: number,
    bDec: number,
    nRows: number,
    d: number,
    nLatents: number,
    width: number,
    k: number,
    indices: number,
    values: number,
    scratch: number,
  ): void;
  attentionScratch(nKeys: number, dHead: number): number;
  attention(
    q: number,
    qStride: number,
    k: number,
    kStride: number,
    v: number,
    vStride: number,
    nHeads: number,
    group: number,
    dHead: number,
    nQueries: number,
    nKeys: number,
    queryOffset: number,
    scale: number,
    cap: number,
    offsets: number,
    entries: number,
    blockSize: number,
    blocksPerHead: number,
    window: number,
    sinks: number,
    bitsStart: number,
    z: number,
    lse: number,
    pattern: number,
    raw: number,
    scratch: number,
  ): void;
  multiplyRow(
    x: number,
    w: number,
    dtype: number,
    k: number,
    n: number,
    first: number,
    count: number,
    out: number,
  ): void;
  dots(x: number, w: number, dtype: number, first: number, count: number, k: number, out: number): void;
  expSums(x: number, count: number, group: number, tops: number, sums: number): void;
  logSumExpRows(x: number, nRows: number, nCols: number, out: number): void;
  layerNorm(
    x: number,
    gain: number,
    bias: number,
    y: number,
    scale: number,
    nRows: number,
    d: number,
    eps: number,
  ): void;
  rmsNorm(
    x: number,
    stride: number,
    heads: number,
    gain: number,
    y: number,
    scale: number,
    nRows: number,
    d: number,
    eps: number,
  ): void;
  activateRows(
    x: number,
    xStride: number,
    up: number,
    upStride: number,
    y: number,
    nRows: number,
    d: number,
    kind: number,
  ): void;
  addValues(a: number, b: number, y: number, count: number): void;
  rotate(
    x: number,
    table: number,
    nTok: number,
    heads: number,
    dHead: number,
    half: number,
    stride: number,
    start: number,
  ): void;
  fmaChain(
    x: number,
    y: number,
    n4: number,
    steps: number,
    factor: number,
    term: number,
    chains: number,
  ): void;
}

export interface Wasm extends WasmFunctions {
  /** Views of its buffer are detached whenever `alloc` makes it grow. */
  memory: WebAssembly.Memory;
  /** Whether the fused multiply-add is at hand. */
  relaxed: boolean;
  /**
   * The address of `bytes` uninitialised bytes, a multiple of 16.
   * @throws FacetError `limits` for more than `MOST_BYTES`, `out-of-memory` when memory cannot grow
   */
  alloc(bytes: number): number;
  /** Gives back what `alloc` gave. */
  free(pointer: number): void;
}

/** Largest area `alloc` gives: what its heap can describe. */
export const MOST_BYTES = 2 ** 30 - 16;

const MOST_PAGES = 65_536; // 4 GiB, all that a 32-bit address reaches
const HEADER = [0, 97, 115, 109, 1, 0, 0, 0];
const RETURNS_V128 = [...HEADER, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0];
const SPLAT = [65, 0, 253, 15]; // i8x16.splat(0)

/** Whether the browser compiles a function of `code`, which leaves one v128 on the stack. */
function runs(code: readonly number[]): boolean {
  const section = [10, code.length + 4, 1, code.length + 2, 0, ...code, 11];
  return WebAssembly.validate(Uint8Array.of(...RETURNS_V128, ...section));
}

/** What this browser's WebAssembly can do. */
export function simdSupport(): 'relaxed' | 'plain' | 'none' {
  if (typeof WebAssembly === 'undefined' || !runs(SPLAT)) return 'none';
  return runs([...SPLAT, ...SPLAT, ...SPLAT, 253, 133, 2]) ? 'relaxed' : 'plain'; // f32x4.relaxed_madd
}

/** In a built page the module is a file beside the scripts; tests and the development server give its bytes. */
async function compile(source: string | Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module> {
  if (typeof source !== 'string') return WebAssembly.compile(source);
  const response = await fetch(source);
  if (!response.ok) {
    throw new FacetError('network', `The kernels for the processor did not load (${response.status}).`, {
      hint: 'Reload the page.',
    });
  }
  // Not streamed: some hosts serve .wasm under another type, and the file is small.
  return WebAssembly.compile(await response.arrayBuffer());
}

/** Calls `run` with the address of `bytes` bytes, which are given back afterwards. */
export function withScratch(wasm: Wasm, bytes: number, run: (scratch: number) => void): void {
  const scratch = wasm.alloc(bytes);
  try {
    run(scratch);
  } finally {
    wasm.free(scratch);
  }
}

/**
 * The kernels with a memory of their own, which `alloc` makes grow from almost nothing up to 4 GiB.
 * @param simd default: the best this browser runs
 * @throws FacetError `unsupported` without WebAssembly SIMD, `network` when the module does not load
 */
export async function loadWasm(simd = simdSupport()): Promise<Wasm> {
  if (simd === 'none') {
    throw new FacetError('unsupported', 'This browser cannot run WebAssembly SIMD.', {
      hint: 'Use Chrome or Edge 91, Firefox 89, Safari 16.4, or newer.',
    });
  }
  const memory = new WebAssembly.Memory({ initial: 1, maximum: MOST_PAGES });
  const module = await compile(simd === 'relaxed' ? relaxed : plain);
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  const functions = exports as unknown as Wasm;
  return {
    ...functions,
    memory,
    relaxed: simd === 'relaxed',
    alloc(bytes) {
      if (!(bytes <= MOST_BYTES)) {
        const size = Math.ceil(bytes / 2 ** 20);
        throw new FacetError(
          'limits',
          `An array of ${size} MiB is larger than the processor's kernels can hold.`,
          {
            hint: 'Shorten the text, or choose a smaller model or dictionary.',
          },
        );
      }
      try {
        return functions.alloc(bytes) >>> 0; // addresses beyond 2 GiB come back negative
      } catch (cause) {
        throw new FacetError(
          'out-of-memory',
          `There is no room for ${Math.ceil(bytes / 2 ** 20)} MiB more.`,
          {
            hint: 'Close other pages, or choose a smaller model or dictionary.',
            cause,
          },
        );
      }
    },
  };
}
