import type { SparseCodes } from '../dictionary/codes.ts';
import { TestRandom } from './random.ts';
import type { ScanAccumulator } from '../analysis/scan/accumulator.ts';
import { batchesOf, CorpusChunks, type ScanWindow } from '../analysis/scan/windows.ts';

export interface Firing {
  feature: number;
  value: number;
  item: number;
  token: number;
}

export interface SyntheticOptions {
  items: number;
  longest: number;
  dSae: number;
  /** Most features of a token. */
  most: number;
  seed: number;
  /** Different values there are; default: nearly all differ. */
  levels?: number;
  /** Every feature on every token. */
  full?: boolean;
  extreme?: boolean;
  /** A feature that never fires. */
  silent?: number;
  rows?: number;
  prefix?: number;
}

export type SyntheticTexts = ReturnType<typeof syntheticTexts>;

/** Texts of made-up tokens and features, read as a corpus is, for tests. */
export function syntheticTexts(options: SyntheticOptions) {
  const { items, longest, dSae, most, seed, rows = 256, prefix = 1 } = options;
  const random = new TestRandom(seed);
  const valueOf = (): number => {
    if (options.levels !== undefined) return Math.fround(0.5 + random.integer(options.levels));
    if (options.extreme) return Math.fround(10 ** (random.next() * 12 - 6));
    return Math.fround(0.01 + 20 * random.next());
  };
  const texts = Array.from({ length: items }, () =>
    Array.from({ length: random.integer(longest + 1) }, () => {
      const features = Array.from({ length: dSae }, (_, f) => f).filter((f) => f !== options.silent);
      const order = new Map(features.map((feature) => [feature, random.next()]));
      const shuffled = features.toSorted((a, b) => order.get(a)! - order.get(b)!);
      const chosen = options.full ? features : shuffled.slice(0, random.integer(most + 1));
      const firings = chosen.slice(0, most).map((feature) => ({ feature, value: valueOf() }));
      return {
        id: random.integer(50),
        firings: firings.sort((a, b) => b.value - a.value || a.feature - b.feature),
      };
    }),
  );
  const room = rows - prefix;
  const isCounted = (token: number): boolean => prefix > 0 || token % room !== 0;
  const counted = (): { item: number; token: number }[] =>
    texts.flatMap((tokens, item) =>
      tokens.flatMap((_, token) => (isCounted(token) ? [{ item, token }] : [])),
    );
  return {
    items,
    counted,
    at: (item: number, token: number) => texts[item]![token]!.firings,
    idAt: (item: number, token: number) => texts[item]![token]!.id,
    firings: (): Firing[] =>
      counted().flatMap(({ item, token }) =>
        texts[item]![token]!.firings.map((firing) => ({ ...firing, item, token })),
      ),
    chunks: (): CorpusChunks =>
      new CorpusChunks(
        {
          items,
          read: (first, count) =>
            Promise.resolve(
              Array.from({ length: Math.min(count, items - first) }, (_, i) => ({ text: String(first + i) })),
            ),
        },
        {
          prefix: new Uint32Array(prefix).fill(99),
          rows,
          split: (text) => Uint32Array.from(texts[Number(text)]!, ({ id }) => id),
        },
      ),
    /** Codes of a window; rows of the prefix fire, too, but are not to be counted. */
    encode({ item, first, prefix: before, ids }: ScanWindow): SparseCodes {
      const perRow = Array.from(ids, (_, row) =>
        row < before ? [{ feature: 0, value: 1e6 }] : texts[item]![first + row - before]!.firings,
      );
      const flat = perRow.flat();
      const offsets = new Uint32Array(ids.length + 1);
      perRow.forEach((own, row) => (offsets[row + 1] = offsets[row]! + own.length));
      return {
        offsets,
        indices: Uint32Array.from(flat, ({ feature }) => feature),
        values: Float32Array.from(flat, ({ value }) => value),
      };
    },
  };
}

/** Reads on, to the end or for some chunks. @returns whether the end was reached */
export async function readAll(
  scan: ScanAccumulator,
  texts: SyntheticTexts,
  { stopAfter = Infinity }: { stopAfter?: number } = {},
): Promise<boolean> {
  const chunks = texts.chunks();
  for (let done = 0; done < stopAfter; done++) {
    const chunk = await chunks.at(scan.cursor);
    if (!chunk) return true;
    const encoded = batchesOf(chunk.windows, 100).flatMap((batch) =>
      batch.map((window) => ({ window, codes: texts.encode(window) })),
    );
    scan.add(chunk, encoded);
  }
  return false;
}
