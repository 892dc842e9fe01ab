import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  expectWeights,
  failure,
  LibraryFixture,
  REPO,
  sameWeights,
  WEIGHTS,
  weights,
} from '../testing/library-fixture.ts';
import type { LibraryProgress } from './protocol.ts';
import { type Appender, MemoryStore, type Store } from './store.ts';

let fixture: LibraryFixture;
beforeAll(async () => {
  fixture = await LibraryFixture.start();
});
afterAll(() => fixture.close());
beforeEach(() => fixture.reset());

/** A download that ends half-way, as when the page is closed. */
async function halfway(from = fixture): Promise<void> {
  from.hub.fault(WEIGHTS, 'short', { times: 1 });
  from.hub.fault(WEIGHTS, 503);
  expect((await failure(from.fetch(await from.library()))).code).toBe('network');
  expect((await (await from.library()).stored())[0]).toMatchObject({ files: [], partialBytes: 150_000 });
  expect(await from.settled()).toBe(0);
  from.hub.reset();
}

describe('downloading', () => {
  test('files arrive whole, large ones by way of the other server, and are not asked for again', async () => {
    const library = await fixture.library();
    const paths = ['config.json', 'empty.txt', 'folder/of many/ü.json', 'model.safetensors'];
    const told: LibraryProgress[] = [];
    const set = await fixture.fetch(library, fixture.request(paths), told);
    expect(set).toMatchObject({ id: `hf:${REPO}@${fixture.hub.commit(REPO)}`, title: REPO, license: 'mit' });
    expect(set.files.map(({ path }) => path).sort()).toEqual([...paths].sort());
    expect(set.files.every(({ sha256 }) => /^[0-9a-f]{64}$/.test(sha256 ?? ''))).toBe(true);
    expect(set.absent).toEqual([{ path: 'sae/a/cfg.json', bytes: 7 }]);
    expect(await set.files.find(({ path }) => path === 'config.json')!.blob.text()).toBe(
      '{"model_type":"gpt2"}',
    );
    expect(told.at(-1)).toMatchObject({ phase: 'download', done: 300_023, total: 300_023 });
    await expectWeights(set);
    fixture.hub.log.length = 0;
    await expectWeights(await fixture.fetch(library));
    // A new page, without a network.
    await expectWeights(await fixture.fetch(await fixture.library()));
    expect(fixture.hub.log).toEqual([]);
  });

  test('asks nothing that would need a preflight', async () => {
    await fixture.fetch(await fixture.library());
    expect(fixture.hub.log.every(({ method }) => method === 'GET')).toBe(true);
    expect(fixture.ranges()).toEqual(['bytes=0-']);
  });

  test('a branch is pinned to its commit', async () => {
    const set = await fixture.fetch(await fixture.library(), fixture.request(['config.json'], 'main'));
    expect(set.id).toBe(`hf:${REPO}@${fixture.hub.commit(REPO)}`);
  });

  test('a folder of a repository is a set of its own', async () => {
    const library = await fixture.library();
    const id = `hf:${REPO}@${fixture.hub.commit(REPO)}`;
    const set = await fixture.fetch(library, { ...fixture.request(['sae/a/cfg.json']), folder: 'sae/a' });
    expect(set.id).toBe(`${id}:sae/a`);
    expect(set.files.map(({ path }) => path)).toEqual(['cfg.json']);
    expect((await library.open(set.id)).files).toHaveLength(1);
    expect((await library.stored()).map((stored) => stored.id)).toEqual([id]);
  });

  test('a file that the repository does not list, and paths that are none', async () => {
    const library = await fixture.library();
    const error = await failure(fixture.fetch(library, fixture.request(['nothing.bin'])));
    expect(error).toMatchObject({ code: 'not-found', message: expect.stringContaining('nothing.bin') });
    for (const path of ['../x', '/x', 'a//b', ''])
      expect((await failure(fixture.fetch(library, fixture.request([path])))).code).toBe('bad-input');
    expect((await failure(fixture.fetch(library, fixture.request([])))).code).toBe('bad-input');
  });

  test.each(['stall', 'drop', 'short'] as const)('%s: goes on where it stopped, by itself', async (kind) => {
    fixture.impatient();
    fixture.hub.fault(WEIGHTS, kind, { times: 2 });
    const told: LibraryProgress[] = [];
    await expectWeights(await fixture.fetch(await fixture.library(), fixture.request(), told));
    expect(fixture.ranges()).toEqual(['bytes=0-', 'bytes=150000-', 'bytes=225000-']);
    expect(told.some(({ note }) => note?.includes('Trying again'))).toBe(true);
  });

  test.each([
    [404, 'not-found', /model.safetensors does not exist/],
    [403, 'no-access', /not open to everyone/],
    [500, 'network', /answered 500/],
    [429, 'network', /too many requests/],
    ['mute', 'network', /sent nothing/],
    ['long', 'bad-file', /longer than 300000/],
    ['other-size', 'bad-file', /600000 bytes instead of 300000/],
    ['changed', 'bad-file', /SHA-256 is not the listed one/],
    ['swapped', 'bad-file', /SHA-256 is not the listed one/],
    ['wrong-range', 'bad-file', /from byte 1/],
  ] as const)(
    '%s: says so, keeps nothing that could be taken for whole, and recovers',
    async (kind, code, message) => {
      if (kind === 'mute') fixture.impatient();
      fixture.hub.fault(WEIGHTS, kind, { retryAfter: '60' });
      const library = await fixture.library();
      const error = await failure(fixture.fetch(library));
      expect(error.code).toBe(code);
      expect(error.message).toMatch(message);
      expect(await fixture.settled()).toBe(0);
      fixture.hub.reset();
      await expectWeights(await fixture.fetch(library));
    },
  );

  test.each(['no-range', 'bare', 'no-etag'] as const)('%s is no obstacle', async (kind) => {
    fixture.hub.fault(WEIGHTS, kind);
    await expectWeights(await fixture.fetch(await fixture.library()));
  });

  test.each(['changed', 'swapped'] as const)(
    'a small file that was %s fails its git digest',
    async (kind) => {
      fixture.hub.fault(`${REPO}/config.json`, kind);
      const error = await failure(fixture.fetch(await fixture.library(), fixture.request(['config.json'])));
      expect(error).toMatchObject({ code: 'bad-file', message: expect.stringContaining('digest') });
    },
  );

  test('a server that drops the same file at the same place for ever is given up', async () => {
    fixture.hub.fault(WEIGHTS, 'no-range-drop');
    const error = await failure(fixture.fetch(await fixture.library()));
    expect(error.message).toMatch(/broke off/);
    expect(fixture.ranges()).toHaveLength(3);
  });

  test('cancelling stops at once and keeps what has arrived', async () => {
    fixture.hub.fault(WEIGHTS, 'stall', { times: 1 });
    const library = await fixture.library();
    const call = library.fetch(fixture.request(), 99, ({ done }) => void (done > 0 && library.cancel(99)));
    expect((await failure(call)).code).toBe('cancelled');
    const [set] = await library.stored();
    expect(set!.partialBytes).toBeGreaterThan(0);
    fixture.hub.log.length = 0;
    await expectWeights(await fixture.fetch(await fixture.library()));
    expect(fixture.ranges()).toEqual([`bytes=${set!.partialBytes}-`]);
  });
});

describe('going on with an earlier download', () => {
  test('asks for the rest only', async () => {
    await halfway();
    await expectWeights(await fixture.fetch(await fixture.library()));
    expect(fixture.ranges()).toEqual(['bytes=150000-']);
  });

  test.each([
    // With another ETag, and with the same.
    'changed',
    'swapped',
  ] as const)('never mixes in a file that was %s meanwhile', async (kind) => {
    await halfway();
    fixture.hub.fault(WEIGHTS, kind);
    const error = await failure(fixture.fetch(await fixture.library()));
    expect(error.code).toBe('bad-file');
    expect(await fixture.settled()).toBe(0);
    // The mixture was thrown away and the whole was asked for.
    expect(fixture.ranges()).toEqual(['bytes=150000-', 'bytes=0-']);
    fixture.hub.reset();
    await expectWeights(await fixture.fetch(await fixture.library()));
    expect(fixture.ranges()).toEqual(['bytes=0-']);
  });

  test.each(['no-range', 'wrong-range', 'bare', 'no-etag', 416] as const)(
    '%s at the second try: the file is right all the same',
    async (kind) => {
      await halfway();
      fixture.hub.fault(WEIGHTS, kind, { times: 1 });
      await expectWeights(await fixture.fetch(await fixture.library()));
    },
  );

  test('a file of another size is refused before a byte of it is taken', async () => {
    await halfway();
    fixture.hub.fault(WEIGHTS, 'other-size');
    expect((await failure(fixture.fetch(await fixture.library()))).code).toBe('bad-file');
    expect(await fixture.settled()).toBe(0);
  });

  test('a new commit starts its own files, and leaves the old part alone', async () => {
    await halfway();
    const old = await fixture.key();
    const turned = Uint8Array.from(weights, (byte) => byte ^ 1);
    fixture.put(WEIGHTS, turned);
    const set = await fixture.fetch(await fixture.library());
    expect(Buffer.from(turned).equals(Buffer.from(await set.files[0]!.blob.arrayBuffer()))).toBe(true);
    expect(fixture.ranges()).toEqual(['bytes=0-']);
    fixture.put(WEIGHTS, weights);
    expect((await fixture.store.files(old)).some(({ bytes }) => bytes === 150_000)).toBe(true);
  });

  test('a part that was damaged on disk is found, and started over', async () => {
    await halfway();
    await damagePart(fixture.store);
    await expectWeights(await fixture.fetch(await fixture.library()));
    expect(fixture.ranges()).toEqual(['bytes=150000-', 'bytes=0-']);
  });

  test.each(['no record', 'a record of another file', 'a record that is no JSON'])(
    'a part with %s',
    async (what) => {
      await halfway();
      const key = await fixture.key();
      const record = (await fixture.store.files(key)).find(({ name }) => name.endsWith('.part.json'))!.name;
      const text = await (await fixture.store.read(key, record))!.text();
      if (what === 'no record') await fixture.store.remove(key, record);
      else if (what.endsWith('JSON')) await fixture.store.write(key, record, '{"path":');
      else await fixture.store.write(key, record, text.replace(/"sha256":"./, '"sha256":"x'));
      await expectWeights(await fixture.fetch(await fixture.library()));
      expect(fixture.ranges()).toEqual(['bytes=0-']);
    },
  );

  describe('at a mirror that lists no digests', () => {
    let mirror: LibraryFixture;
    beforeAll(async () => {
      mirror = await LibraryFixture.start({ noDigests: true });
    });
    afterAll(() => mirror.close());
    beforeEach(() => mirror.reset());

    test('the ETag must be the same', async () => {
      await halfway(mirror);
      await expectWeights(await mirror.fetch(await mirror.library()));
      expect(mirror.ranges()).toEqual(['bytes=150000-']);
      mirror.reset();
      await halfway(mirror);
      mirror.hub.fault(WEIGHTS, 'changed', { times: 2 });
      const set = await mirror.fetch(await mirror.library());
      // All of the new one: nothing says that it is not the listed file.
      const changed = Buffer.from(weights.map((byte) => byte ^ 0x55));
      expect(changed.equals(Buffer.from(await set.files[0]!.blob.arrayBuffer()))).toBe(true);
    });

    test('an answer without ETag and range is not trusted to be the rest', async () => {
      await halfway(mirror);
      mirror.hub.fault(WEIGHTS, 'bare', { times: 1 });
      await expectWeights(await mirror.fetch(await mirror.library()));
      expect(mirror.ranges()).toEqual(['bytes=150000-', 'bytes=0-']);
    });

    test('a part that came without ETag is not continued', async () => {
      await halfway(mirror);
      const key = await mirror.key();
      const record = (await mirror.store.files(key)).find(({ name }) => name.endsWith('.part.json'))!.name;
      const text = await (await mirror.store.read(key, record))!.text();
      await mirror.store.write(key, record, text.replace(/,"etag":"[^}]*/, ''));
      await expectWeights(await mirror.fetch(await mirror.library()));
      expect(mirror.ranges()).toEqual(['bytes=0-']);
    });
  });
});

describe('several at once', () => {
  test('two pages that want the same set download it once', async () => {
    const library = await fixture.library();
    const sets = await Promise.all([1, 2, 3].map(() => fixture.fetch(library)));
    expect(await Promise.all(sets.map(sameWeights))).toEqual([true, true, true]);
    expect(fixture.ranges()).toEqual(['bytes=0-']);
  });

  test('at most three files are open at a time, and a failure stops the others', async () => {
    const names = Array.from({ length: 8 }, (_, i) => `many/${i}.bin`);
    for (const name of names) fixture.put(`${REPO}/${name}`, weights.slice(0, 50_000));
    const store = new CountingStore();
    fixture.store = store;
    const set = await fixture.fetch(await fixture.library(), fixture.request(names));
    expect(set.files).toHaveLength(8);
    expect(store.most).toBe(3);
    expect(store.open).toBe(0);

    fixture.reset();
    for (const name of names.slice(1)) fixture.hub.fault(`${REPO}/${name}`, 'stall');
    fixture.hub.fault(`${REPO}/${names[0]}`, 404);
    const error = await failure(fixture.fetch(await fixture.library(), fixture.request(names)));
    expect(error).toMatchObject({ code: 'not-found', message: expect.stringContaining('many/0.bin') });
  });
});

class CountingStore extends MemoryStore {
  open = 0;
  most = 0;
  readonly #waiting: (() => void)[] = [];
  #passed = false;

  #pass(): void {
    this.#passed = true;
    for (const go of this.#waiting.splice(0)) go();
  }

  override async append(folder: string, name: string, at: number): Promise<Appender> {
    const appender = await super.append(folder, name, at);
    this.most = Math.max(this.most, ++this.open);
    // Nobody goes on before three are under way, and a fourth has had its chance.
    if (this.open === 3) setTimeout(() => this.#pass(), 100);
    if (!this.#passed) await new Promise<void>((go) => this.#waiting.push(go));
    return {
      write: (bytes) => appender.write(bytes),
      close: () => appender.close().finally(() => this.open--),
    };
  }
}

async function damagePart(store: Store): Promise<void> {
  const key = await fixture.key();
  const part = (await store.files(key)).find(({ name }) => name.endsWith('.part'))!.name;
  const bytes = new Uint8Array(await (await store.read(key, part))!.arrayBuffer());
  bytes[7]! ^= 1;
  const out = await store.append(key, part, 0);
  await out.write(bytes);
  await out.close();
}
