import { expect, test } from 'vitest';
import { ScanAccumulator } from '../../analysis/scan/accumulator.ts';
import { readScan, type ScanFacts, writeScan } from '../../analysis/scan/scan-file.ts';
import type { ScanWindow } from '../../analysis/scan/windows.ts';
import { localLock, MemoryStore } from '../../library/store.ts';
import { FacetError } from '../../shared/errors.ts';
import { TestRandom } from '../../testing/random.ts';
import { readAll, syntheticTexts } from '../../testing/synthetic-scan.ts';
import { ScanKeeper } from './keeper.ts';
import { byCodes, readOn } from './read-on.ts';

const ID = '0123456789abcdef0123456789abcdef';
const facts: ScanFacts = {
  id: ID,
  corpus: { id: 'storyworld-1-300', name: 'made up', items: 120, metadata: ['register'] },
  model: 'a',
  modelDigest: 'b',
  dictionary: 'c',
  dictionaryDigest: 'd',
  storage: 'f32',
};
const texts = syntheticTexts({ items: 120, longest: 200, dSae: 6, most: 4, seed: 10, rows: 64, levels: 5 });
const DSAE = 6;

async function bytesOf(scan: ScanAccumulator): Promise<Uint8Array> {
  return new Uint8Array(await new Blob(await writeScan(facts, scan, 5)).arrayBuffer());
}

/** What `toEqual` would say, a thousand times faster. */
const same = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

async function halfRead(): Promise<ScanAccumulator> {
  const scan = ScanAccumulator.empty(DSAE);
  expect(await readAll(scan, texts, { stopAfter: 4 })).toBe(false);
  return scan;
}

test('stopped anywhere, kept, and read on in another page, a scan is byte for byte the same', async () => {
  const whole = ScanAccumulator.empty(DSAE);
  await readAll(whole, texts);
  const expected = await bytesOf(whole);
  const random = new TestRandom(3);
  for (let round = 0; round < 4; round++) {
    const store = new MemoryStore();
    let stops = 0;
    for (let done = false; !done;) {
      const keeper = new ScanKeeper(store, localLock());
      const scan = (await keeper.find(ID)) ?? ScanAccumulator.empty(DSAE);
      const controller = new AbortController();
      let left = 1 + random.integer(25);
      const encode = (windows: readonly ScanWindow[]) => {
        if (--left === 0) controller.abort();
        return Promise.resolve(windows.map((window) => texts.encode(window)));
      };
      try {
        const work = { readChunk: byCodes(200, encode), onChunk: () => {} };
        await readOn(scan, texts.chunks(), work, controller.signal);
        done = true;
      } catch (thrown) {
        expect(FacetError.from(thrown).code).toBe('cancelled');
        expect(left).toBe(0);
        stops += 1;
      }
      await keeper.save(facts, scan);
    }
    expect(stops).toBeGreaterThan(1);
    const kept = (await new ScanKeeper(store, localLock()).find(ID))!;
    expect(same(await bytesOf(kept), expected)).toBe(true);
  }
});

test('kept scans are listed, and removed', async () => {
  const store = new MemoryStore();
  const keeper = new ScanKeeper(store, localLock());
  const scan = await halfRead();
  await keeper.save(facts, scan);
  const [kept, ...more] = await keeper.list();
  expect(more).toEqual([]);
  expect(kept).toMatchObject({
    id: ID, corpus: 'storyworld-1-300', corpusName: 'made up', model: 'a', dictionary: 'c', totalItems: 120,
  }); // oxfmt-ignore
  expect(kept).toMatchObject({ items: scan.cursor.item, tokens: scan.figures.tokens });
  expect(kept!.bytes).toBeGreaterThan(16 * scan.state().sample.rows);
  await keeper.remove(ID);
  expect(await keeper.list()).toEqual([]);
  expect(await keeper.find(ID)).toBeUndefined();
});

test('a file that is cut off, changed, of another version or of another scan is not read', async () => {
  const bytes = await bytesOf(await halfRead());
  expect(await readScan(new Blob([bytes as BlobPart]), ID)).toBeDefined();
  const damaged = (change: (copy: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>) =>
    readScan(new Blob([change(Uint8Array.from(bytes))]), ID);
  for (const length of [0, 3, 15, 16, 100, bytes.length - 1])
    expect(await damaged((copy) => copy.slice(0, length))).toBeUndefined();
  for (const at of [0, 9, 40, bytes.length - 1, bytes.length >> 1]) {
    const found = await damaged((copy) => {
      copy[at]! ^= 0x11;
      return copy;
    });
    expect(found).toBeUndefined();
  }
  const text = new TextDecoder('latin1').decode(bytes);
  const at = text.indexOf('"version":1');
  const other = Uint8Array.from(bytes);
  other[at + '"version":'.length] = '9'.charCodeAt(0);
  expect(await readScan(new Blob([other]), ID)).toBeUndefined();
  expect(await readScan(new Blob([bytes as BlobPart]), 'f'.repeat(32))).toBeUndefined();

  const store = new MemoryStore();
  const file = await store.append(ID, 'scan.bin', 0);
  await file.write(other);
  await file.close();
  const keeper = new ScanKeeper(store, localLock());
  expect(await keeper.find(ID)).toBeUndefined();
  expect(await keeper.hasUnreadable(ID)).toBe(true);
  expect(await keeper.list()).toEqual([]);
});

test('a write that breaks off leaves what was kept before', async () => {
  const early = ScanAccumulator.empty(DSAE);
  await readAll(early, texts, { stopAfter: 2 });
  const expected = await bytesOf(early);
  const later = await bytesOf(await halfRead());
  const cuts = [0, 10, 500, later.length - 1];
  for (const cut of cuts) {
    const store = new MemoryStore();
    await new ScanKeeper(store, localLock()).save(facts, early);
    const file = await store.append(ID, 'arriving.bin', 0);
    await file.write(Uint8Array.from(later.subarray(0, cut)));
    await file.close();
    expect(same(await bytesOf((await new ScanKeeper(store, localLock()).find(ID))!), expected)).toBe(true);
  }
  // Written whole but not yet renamed.
  const store = new MemoryStore();
  const file = await store.append(ID, 'arriving.bin', 0);
  await file.write(Uint8Array.from(later));
  await file.close();
  expect(same(await bytesOf((await new ScanKeeper(store, localLock()).find(ID))!), later)).toBe(true);
  // The next write that breaks off does not take it away.
  const keeper = new ScanKeeper(store, localLock());
  await keeper.save(facts, await halfRead());
  expect((await keeper.list()).map(({ items }) => items)).toEqual([(await halfRead()).cursor.item]);
});

test('few scans stay in memory', async () => {
  const keeper = new ScanKeeper(new MemoryStore(), localLock());
  const scans = Array.from({ length: 6 }, () => ScanAccumulator.empty(DSAE));
  scans.forEach((scan, i) => keeper.hold(String(i).repeat(32), scan));
  const found = await Promise.all(scans.map((_, i) => keeper.find(String(i).repeat(32))));
  expect(found.map((scan) => scan !== undefined)).toEqual([false, false, false, true, true, true]);
  expect(found[5]).toBe(scans[5]);
});
