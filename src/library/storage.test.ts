import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  expectWeights,
  failure,
  LibraryFixture,
  REPO,
  sameWeights,
  weights,
} from '../testing/library-fixture.ts';
import type { Library } from './library.ts';
import type { FileSet, ImportRequest, LibraryProgress } from './protocol.ts';
import { formatSetId, parseSetId } from './set-id.ts';
import { Shelf } from './shelf.ts';
import { MemoryStore, type Space } from './store.ts';

let fixture: LibraryFixture;
beforeAll(async () => {
  fixture = await LibraryFixture.start();
});
afterAll(() => fixture.close());
beforeEach(() => fixture.reset());

const id = (): string => `hf:${REPO}@${fixture.hub.commit(REPO)}`;
const everything = () => fixture.request(['config.json', 'model.safetensors']);

/** Overwrites a stored file. */
async function overwrite(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const out = await fixture.store.append(await fixture.key(), Shelf.fileName(path), 0);
  await out.write(bytes);
  await out.close();
}

describe('sets that are kept', () => {
  test('are listed with sizes and the time of their last use, newest first', async () => {
    const library = await fixture.library();
    await fixture.fetch(library, everything());
    await library.importFiles({ files: [file('a.txt', 'a')], keep: true }, 1, () => {});
    const before = (await library.stored()).find((set) => set.id === id())!;
    expect(before).toMatchObject({
      title: REPO,
      license: 'mit',
      endpoint: fixture.hub.origin,
      partialBytes: 0,
      durable: false,
      problem: undefined,
    });
    expect(before.files).toEqual([
      { path: 'config.json', bytes: 21 },
      { path: 'model.safetensors', bytes: 300_000 },
    ]);
    expect(before.bytes).toBeGreaterThan(300_021);
    await library.open(id());
    expect((await library.stored()).map((set) => set.id)[0]).toBe(id());
  });

  test('open without a network', async () => {
    await fixture.fetch(await fixture.library(), everything());
    const offline = await fixture.library(undefined, 'http://127.0.0.1:9');
    const set = await offline.open(id());
    await expectWeights(set);
    expect(set.absent?.map(({ path }) => path)).toContain('sae/a/cfg.json');
  });

  test('are gone once removed', async () => {
    const library = await fixture.library();
    await fixture.fetch(library);
    await library.remove(id());
    expect(await library.stored()).toEqual([]);
    expect((await failure(library.open(id()))).code).toBe('not-found');
    await library.remove(id());
  });

  test.each([
    '',
    'hf:x',
    'local:12',
    'hf:a/b@main',
    `hf:a/b@${'0'.repeat(40)}:../x`,
    'damaged:../x',
    'settings',
  ])('the id “%s” is refused', async (bad) => {
    const library = await fixture.library();
    expect((await failure(library.open(bad))).code).toBe('bad-input');
    expect((await failure(library.remove(bad))).code).toBe('bad-input');
  });

  test('a file that was cut short is told, never handed out, and fetched anew', async () => {
    const library = await fixture.library();
    await fixture.fetch(library, everything());
    await overwrite('model.safetensors', weights.slice(0, 1000));
    const [set] = await library.stored();
    expect(set!.problem).toMatch(/1 of its files are gone or cut short/);
    expect(set!.files.map(({ path }) => path)).toEqual(['config.json']);
    const opened = await library.open(id());
    expect(opened.files.map(({ path }) => path)).toEqual(['config.json']);
    expect(opened.absent).toContainEqual({ path: 'model.safetensors', bytes: 300_000 });
    await expectWeights(await fixture.fetch(library));
  });

  test('a set of which nothing is left says so', async () => {
    const library = await fixture.library();
    await fixture.fetch(library);
    await fixture.store.remove(await fixture.key(), Shelf.fileName('model.safetensors'));
    expect((await failure(library.open(id()))).code).toBe('bad-file');
  });

  test('verifying finds a changed byte, deletes the file and lets it be fetched again', async () => {
    const library = await fixture.library();
    await fixture.fetch(library, everything());
    const paths = ['config.json', 'model.safetensors'];
    expect(await library.verify(id(), 1, () => {})).toEqual({ sound: paths, damaged: [] });
    await overwrite(
      'model.safetensors',
      weights.map((byte, i) => byte ^ Number(i === 7)),
    );
    const told: LibraryProgress[] = [];
    const found = await library.verify(id(), 2, (progress) => told.push(progress));
    expect(found).toEqual({ sound: ['config.json'], damaged: ['model.safetensors'] });
    expect(told[0]).toMatchObject({ phase: 'check', total: 300_021 });
    expect((await library.open(id())).files.map(({ path }) => path)).toEqual(['config.json']);
    await expectWeights(await fixture.fetch(library));
  });

  test.each([
    ['cut off', (text: string) => text.slice(0, -9)],
    ['not JSON', () => 'manifest'],
    ['another version', (text: string) => text.replace('"version":1', '"version":2')],
    ['the id of another set', (text: string) => text.replace('tiny/model', 'tiny/other')],
    ['a path upwards', (text: string) => text.replace('config.json', '../x.json')],
    ['a size that is none', (text: string) => text.replace('"bytes":21', '"bytes":-21')],
    ['a digest that is none', (text: string) => text.replace(/"sha256":"[0-9a-f]/, '"sha256":"x')],
  ])('a manifest with %s harms only its set', async (_, damage) => {
    const library = await fixture.library();
    await fixture.fetch(library, everything());
    const key = await fixture.key();
    await library.importFiles({ files: [file('a.txt', 'a')], keep: true }, 1, () => {});
    const text = await (await fixture.store.read(key, 'manifest.json'))!.text();
    await fixture.store.write(key, 'manifest.json', damage(text));
    const sets = await library.stored();
    expect(sets).toHaveLength(2);
    const damaged = sets.find((set) => set.problem)!;
    expect(damaged).toMatchObject({ id: `damaged:${key}`, problem: expect.stringMatching(/damaged/) });
    expect(damaged.bytes).toBeGreaterThan(300_000);
    expect((await failure(library.open(id()))).code).toBe('bad-file');
    // What is whole is checked and taken over instead of being downloaded again.
    fixture.hub.log.length = 0;
    await expectWeights(await fixture.fetch(library, everything()));
    expect(fixture.ranges()).toEqual([]);
    expect((await library.stored()).some((set) => set.problem)).toBe(false);
  });

  test('a damaged set can be removed', async () => {
    const library = await fixture.library();
    await fixture.fetch(library);
    await fixture.store.write(await fixture.key(), 'manifest.json', '');
    const [set] = await library.stored();
    await library.remove(set!.id);
    expect(await library.stored()).toEqual([]);
  });

  test('files of a hub that answers differently are not taken for those of another', async () => {
    await fixture.fetch(await fixture.library(), everything());
    await overwrite('config.json', new TextEncoder().encode('{"model_type":"evil"}'));
    const other = await LibraryFixture.start();
    other.store = fixture.store;
    const set = await other.fetch(await other.library(), everything());
    expect(await sameWeights(set)).toBe(true);
    expect(await set.files[0]!.blob.text()).toBe('{"model_type":"gpt2"}');
    // What agrees with the other listing's SHA-256 is taken over.
    expect(other.ranges()).toEqual([]);
    await other.close();
  });
});

describe('space', () => {
  const space = (quota: number): Space => ({
    estimate: () => Promise.resolve({ usage: 100_000, quota }),
    persisted: () => Promise.resolve(true),
  });

  class Disk extends MemoryStore {
    override readonly durable: boolean = true;
    left = Infinity;

    override async append(...args: Parameters<MemoryStore['append']>) {
      const appender = await super.append(...args);
      return {
        close: () => appender.close(),
        write: (bytes: Uint8Array<ArrayBuffer>) => {
          this.left -= bytes.length;
          if (this.left < 0) throw new DOMException('full', 'QuotaExceededError');
          return appender.write(bytes);
        },
      };
    }
  }

  test('too little is said before anything is downloaded, with what could be removed', async () => {
    fixture.store = new Disk();
    await (
      await fixture.library()
    ).importFiles({ files: [file('old.bin', 'x'.repeat(5000))], keep: true }, 1, () => {});
    const error = await failure(fixture.fetch(await fixture.library(space(200_000))));
    expect(error.message).toMatch(/300 kB are needed, there are 100 kB/);
    expect(error.hint).toMatch(/old\.bin \(5\.\d kB\)/);
    expect(fixture.ranges()).toEqual([]);
  });

  test('a disk that fills up on the way: the part is kept', async () => {
    const disk = new Disk();
    disk.left = 200_000;
    fixture.store = disk;
    const library = await fixture.library();
    const error = await failure(fixture.fetch(library));
    expect(error.message).toMatch(/storage for this site is too small/);
    expect(await fixture.settled()).toBe(0);
    disk.left = Infinity;
    await expectWeights(await fixture.fetch(library));
  });

  test('is told as the browser tells it', async () => {
    const library = await fixture.library(space(1_000_000));
    expect(await library.usage()).toEqual({
      usage: 100_000,
      quota: 1_000_000,
      persisted: true,
      durable: false,
    });
    const silent: Space = {
      estimate: () => Promise.reject(new Error('no')),
      persisted: () => Promise.reject(new Error('no')),
    };
    expect(await (await fixture.library(silent)).usage()).toMatchObject({
      usage: 0,
      quota: 0,
      persisted: false,
    });
  });
});

const file = (path: string, content: string | Uint8Array<ArrayBuffer>): ImportRequest['files'][number] => ({
  path,
  file: new Blob([content]),
});

describe('files of the visitor', () => {
  const chosen = [
    file('model.safetensors', weights),
    file('config.json', '{}'),
    file('.DS_Store', 'x'),
    file('.git/HEAD', 'x'),
  ];

  function take(library: Library, keep: boolean, files = chosen): Promise<FileSet> {
    return library.importFiles({ files, keep }, fixture.ticket(), () => {});
  }

  test('have an id made of paths, sizes and contents, in any order and with any junk', async () => {
    const library = await fixture.library();
    const set = await take(library, false);
    expect(set.id).toMatch(/^local:[0-9a-f]{16}$/);
    expect(set.files.map(({ path }) => path)).toEqual(['config.json', 'model.safetensors']);
    expect((await take(library, false, chosen.toReversed())).id).toBe(set.id);
    expect((await take(library, false, chosen.slice(0, 2))).id).toBe(set.id);
    expect((await take(library, false, [chosen[0]!, file('config.json', '[]')])).id).not.toBe(set.id);
    expect((await take(library, false, [chosen[0]!, file('config2.json', '{}')])).id).not.toBe(set.id);
    expect(await library.stored()).toEqual([]);
  });

  test('kept ones open again, and are copied once', async () => {
    const library = await fixture.library();
    const set = await take(library, true);
    await expectWeights(await (await fixture.library()).open(set.id));
    expect(await library.verify(set.id, 1, () => {})).toMatchObject({ damaged: [] });
    expect((await take(library, true)).id).toBe(set.id);
    expect(await library.stored()).toHaveLength(1);
  });

  test.each([
    ['nothing', []],
    ['only junk', [file('.DS_Store', 'x')]],
    ['the same path twice', [file('a', 'x'), file('a', 'y')]],
    ['a path upwards', [file('../a', 'x')]],
    ['too many', Array.from({ length: 10_001 }, (_, i) => file(`${i}`, ''))],
  ])('%s', async (_, files) => {
    expect((await failure(take(await fixture.library(), true, files))).code).toBe('bad-input');
  });

  test('a file that can no longer be read', async () => {
    const gone = new Blob(['x'.repeat(100)]);
    gone.slice = () => {
      throw new DOMException('gone', 'NotReadableError');
    };
    const error = await failure(take(await fixture.library(), true, [{ path: 'a.bin', file: gone }]));
    expect(error).toMatchObject({ code: 'bad-file', message: expect.stringContaining('a.bin') });
  });

  test('a file that changes between hashing and copying is not kept', async () => {
    let times = 0;
    const restless = new Blob(['x'.repeat(100)]);
    const slice = restless.slice.bind(restless);
    restless.slice = (...range) => (times++ === 0 ? slice(...range) : new Blob(['y'.repeat(100)]));
    const library = await fixture.library();
    const error = await failure(take(library, true, [{ path: 'a.bin', file: restless }]));
    expect(error.message).toMatch(/was changed while it was read/);
    expect(await library.stored()).toEqual([]);
  });

  test('can be cancelled', async () => {
    const library = await fixture.library();
    const ticket = fixture.ticket();
    const files = [file('a.bin', new Uint8Array(9_000_000))];
    const call = library.importFiles({ files, keep: true }, ticket, () => void library.cancel(ticket));
    expect((await failure(call)).code).toBe('cancelled');
    expect(await library.stored()).toEqual([]);
  });
});

test('ids are read as they are written', () => {
  const commit = '0123456789abcdef0123456789abcdef01234567';
  for (const text of [`hf:a/b@${commit}`, `hf:a/b@${commit}:x/y z/ü`, 'local:0123456789abcdef'])
    expect(formatSetId(parseSetId(text))).toBe(text);
});
