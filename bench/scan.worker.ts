import { expose } from 'comlink';
import { encodeSequences, rowsOfPass } from '../src/analysis/encode-sequences.ts';
import { LogitParts } from '../src/analysis/logit-parts.ts';
import { ScanAccumulator } from '../src/analysis/scan/accumulator.ts';
import { GpuCounter } from '../src/analysis/scan/gpu-counter.ts';
import { BATCH_ROWS, chunksOf } from '../src/engine/scan/run.ts';
import { byCodes, readOn, type ScanWork } from '../src/engine/scan/read-on.ts';
import { openTexts } from '../src/engine/scan/records.ts';
import { Gpu } from '../src/gpu/gpu.ts';
import { withBundledSession } from '../src/testing/bundled-session.ts';

export interface ScanCost {
  dictionary: string;
  way: 'codes' | 'counted';
  rows: number;
  /** Of one round over the sample. */
  tokens: number;
  /** Tokens a second, medians. */
  scan: number;
  plain: number;
  /** Of each round scan / plain, and of those the median. */
  ratio: number;
  least: number;
  greatest: number;
  /** Bytes read back a chunk, mean. */
  bytesPerChunk: number;
}

export interface ScanBenchOptions {
  items: number;
  rounds: number;
  dictionaries: string[];
  ways: ScanCost['way'][];
  /** Rows of a batch; default: what the engine uses. */
  rows?: number[];
}

const middle = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

const bench = {
  /** A scan against a pass with all logits, one text a pass, of the same texts, in turn. */
  async costs({ items, rounds, dictionaries, ways, rows }: ScanBenchOptions): Promise<ScanCost[]> {
    using gpu = await Gpu.acquire({ largestTensorBytes: 2 ** 24 });
    const costs: ScanCost[] = [];
    await withBundledSession(gpu, async ({ opened, context }) => {
      const { model } = opened;
      const usual = gpu.adapter.software ? BATCH_ROWS.software : BATCH_ROWS.gpu;
      const texts = await openTexts({ kind: 'storyworld', seed: 77, items });
      for (const id of dictionaries) {
        await opened.use(id, undefined, context);
        const { dictionary } = opened.current!;
        const chunks = chunksOf(opened, dictionary, texts);
        const all: Uint32Array<ArrayBuffer>[] = [];
        for (let at = { item: 0, window: 0 }; ;) {
          const chunk = await chunks.at(at);
          if (!chunk) break;
          all.push(...chunk.windows.map(({ ids }) => ids));
          at = chunk.next;
        }
        const tokens = all.reduce((sum, { length }) => sum + length, 0);
        const plain = async (): Promise<number> => {
          const begun = performance.now();
          for (const ids of all) {
            const batch = gpu.batch('plain');
            const parts = new LogitParts(model, ids.length);
            const pass = parts.record(batch, { ids });
            const logits = parts.parts.map((part) => parts.rows(batch, pass, part));
            // One row comes back: the GPU is waited for, but nothing else is counted.
            const row = batch.scratch([1]);
            batch.copy(logits.at(-1)!, row, { size: 4 });
            await batch.submit([row]);
          }
          return performance.now() - begun;
        };
        for (const way of ways)
          for (const mostRows of rows ?? [usual]) {
            let bytes = 0;
            let read = 0;
            const passRows = Math.min(mostRows, rowsOfPass(model, { room: 1 }));
            const scanned = async (): Promise<number> => {
              const before = gpu.counters.bytesRead;
              const begun = performance.now();
              const scan = ScanAccumulator.empty(dictionary.dSae);
              using counter = new GpuCounter(model, dictionary, scan, passRows);
              const codes = byCodes(passRows, (windows) =>
                encodeSequences(
                  model,
                  dictionary,
                  windows.map(({ ids }) => ids),
                  { mostRows: passRows },
                ),
              );
              const readChunk: ScanWork['readChunk'] = (_, chunk, stop) =>
                way === 'counted'
                  ? counter.readChunk(chunk, (work) => work(), stop)
                  : codes(scan, chunk, stop);
              read = 0;
              const onChunk = (): void => void (read += 1);
              const { signal } = new AbortController();
              await readOn(scan, chunksOf(opened, dictionary, texts), { readChunk, onChunk }, signal);
              bytes = gpu.counters.bytesRead - before;
              return performance.now() - begun;
            };
            await scanned();
            await plain();
            const times: { scan: number; plain: number }[] = [];
            for (let round = 0; round < rounds; round++)
              times.push({ scan: await scanned(), plain: await plain() });
            const ratios = times.map((time) => time.plain / time.scan);
            costs.push({
              dictionary: id,
              way,
              rows: passRows,
              tokens,
              scan: (1_000 * tokens) / middle(times.map(({ scan }) => scan)),
              plain: (1_000 * tokens) / middle(times.map((time) => time.plain)),
              ratio: middle(ratios),
              least: Math.min(...ratios),
              greatest: Math.max(...ratios),
              bytesPerChunk: bytes / read,
            });
          }
      }
    });
    return costs;
  },
};

export type ScanBench = typeof bench;
expose(bench);
