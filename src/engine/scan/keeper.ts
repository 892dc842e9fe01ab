import type { ScanAccumulator } from '../../analysis/scan/accumulator.ts';
import { readScan, readScanHeader, type ScanFacts, writeScan } from '../../analysis/scan/scan-file.ts';
import { browserLock, OpfsStore } from '../../library/opfs-store.ts';
import { type Lock, localLock, MemoryStore, type Store } from '../../library/store.ts';
import type { KeptScan } from '../scan-protocol.ts';

const KEPT = 'scan.bin';
const ARRIVING = 'arriving.bin';
/** Scans that stay in memory, besides one that is running. */
const MOST_OPEN = 3;
const MOST_OPEN_BYTES = 2 ** 28;

/**
 * Kept scans: a folder each, with one file that is replaced as a whole. What arrives is written beside it first, so that
 * a crash leaves one of both.
 */
export class ScanKeeper {
  readonly #open = new Map<string, ScanAccumulator>();

  constructor(
    private readonly store: Store,
    private readonly lock: Lock,
  ) {}

  /** From memory, or what was kept. */
  async find(id: string): Promise<ScanAccumulator | undefined> {
    const open = this.#open.get(id);
    if (open) return open;
    let best: ScanAccumulator | undefined;
    for (const name of [KEPT, ARRIVING]) {
      const file = await this.store.read(id, name);
      const scan = file && (await readScan(file, id))?.scan;
      if (scan && (!best || isBefore(best, scan))) best = scan;
    }
    // Somebody else may have begun it meanwhile.
    const begun = this.#open.get(id);
    if (begun) return begun;
    if (best) this.hold(id, best);
    return best;
  }

  /** Whether something is kept under the name that is of another version, or damaged. */
  async hasUnreadable(id: string): Promise<boolean> {
    const file = (await this.store.read(id, KEPT)) ?? (await this.store.read(id, ARRIVING));
    return file !== undefined && (await readScanHeader(file)) === undefined;
  }

  /** Makes it the one in memory; the others that were longest not asked for go when they are many. */
  hold(id: string, scan: ScanAccumulator): void {
    this.#open.delete(id);
    this.#open.set(id, scan);
    let bytes = [...this.#open.values()].reduce((sum, each) => sum + each.byteLength, 0);
    for (const [other, each] of this.#open) {
      if (this.#open.size <= 1 || (this.#open.size <= MOST_OPEN && bytes <= MOST_OPEN_BYTES)) break;
      this.#open.delete(other);
      bytes -= each.byteLength;
    }
  }

  async save(facts: ScanFacts, scan: ScanAccumulator): Promise<void> {
    const parts = await writeScan(facts, scan, Date.now());
    const { id } = facts;
    await this.lock(`scan:${id}`, new AbortController().signal, async () => {
      // A file that was not renamed may be the only whole one.
      if ((await this.store.read(id, ARRIVING)) && !(await this.store.read(id, KEPT)))
        await this.store.rename(id, ARRIVING, KEPT);
      const file = await this.store.append(id, ARRIVING, 0);
      try {
        for (const part of parts) await file.write(part);
      } finally {
        await file.close();
      }
      await this.store.rename(id, ARRIVING, KEPT);
    });
  }

  async list(): Promise<KeptScan[]> {
    const kept: KeptScan[] = [];
    for (const id of await this.store.folders()) {
      const file = (await this.store.read(id, KEPT)) ?? (await this.store.read(id, ARRIVING));
      const header = file && (await readScanHeader(file));
      if (!header || header.facts.id !== id) continue;
      const { facts, figures, changed } = header;
      kept.push({
        id,
        corpus: facts.corpus.id,
        corpusName: facts.corpus.name,
        model: facts.model,
        dictionary: facts.dictionary,
        items: figures.cursor.item,
        totalItems: facts.corpus.items,
        tokens: figures.tokens,
        bytes: file.size,
        changed,
      });
    }
    return kept.sort((a, b) => b.changed - a.changed);
  }

  async remove(id: string): Promise<void> {
    this.#open.delete(id);
    await this.store.remove(id);
  }
}

function isBefore({ cursor: a }: ScanAccumulator, { cursor: b }: ScanAccumulator): boolean {
  return a.item < b.item || (a.item === b.item && a.window < b.window);
}

/**
 * One scan at a time: a second waits for the first, and then finds what that has read. Under a scan's own id, what must
 * not happen while it runs.
 */
export const oneAtATime = localLock();

let shared: Promise<ScanKeeper> | undefined;

/** The engine's one: on disk, or in memory where nothing may be kept. */
export function scanKeeper(): Promise<ScanKeeper> {
  shared ??= (async () => {
    const disk = await OpfsStore.open('scans');
    return disk ? new ScanKeeper(disk, browserLock) : new ScanKeeper(new MemoryStore(), localLock());
  })();
  return shared;
}
