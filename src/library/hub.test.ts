import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { failure, LibraryFixture, REPO } from '../testing/library-fixture.ts';
import { MemoryStore } from './store.ts';

let fixture: LibraryFixture;
beforeAll(async () => {
  fixture = await LibraryFixture.start();
});
afterAll(() => fixture.close());
beforeEach(() => fixture.reset());

describe('looking at a repository', () => {
  test('lists files with sizes and digests at a commit', async () => {
    const listing = await (await fixture.library()).look({ repo: REPO }, 1);
    const revision = fixture.hub.commit(REPO);
    expect(listing).toMatchObject({ repo: REPO, revision, license: 'mit', gated: false });
    expect(listing.files.map(({ path }) => path)).toEqual([
      'config.json',
      'empty.txt',
      'folder/of many/ü.json',
      'model.safetensors',
      'sae/a/cfg.json',
    ]);
    expect(listing.files[3]).toMatchObject({
      bytes: 300_000,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(listing.files[0]).toMatchObject({ bytes: 21, oid: expect.stringMatching(/^[0-9a-f]{40}$/) });
  });

  test('a mirror without sizes is asked for its tree, page by page', async () => {
    const mirror = await LibraryFixture.start({ noBlobs: true, pageSize: 2 });
    const listing = await (await fixture.library()).look({ repo: REPO }, 1);
    expect(await (await mirror.library()).look({ repo: REPO }, 1)).toEqual(listing);
    expect(mirror.hub.log.filter(({ path }) => path.includes('/tree/'))).toHaveLength(3);
    await mirror.close();
  });

  test.each(['', 'owner/', '../etc/passwd', 'a/b/c', 'a b/c', 'a/b?x', '.a/b', 'a/b--c', 'a/ü', 'a/b#c'])(
    'refuses the name “%s” without asking anybody',
    async (repo) => {
      const error = await failure((await fixture.library()).look({ repo }, 1));
      expect(error.code).toBe('bad-input');
      expect(fixture.hub.log).toEqual([]);
    },
  );

  test.each(['', '..', 'a..b', '-x', 'a b', 'a/', '/a', 'a?b', 'x'.repeat(300)])(
    'refuses the revision “%s”',
    async (revision) => {
      const error = await failure((await fixture.library()).look({ repo: REPO, revision }, 1));
      expect(error.code).toBe('bad-input');
      expect(fixture.hub.log).toEqual([]);
    },
  );

  test.each([
    [404, 'not-found', /tiny\/model does not exist/],
    [401, 'no-access', /not open to everyone/],
    [403, 'no-access', /not open to everyone/],
    [500, 'network', /answered 500/],
    [418, 'network', /answered 418/],
  ] as const)('status %d', async (status, code, message) => {
    fixture.hub.fault(`api/${REPO}`, status);
    const error = await failure((await fixture.library()).look({ repo: REPO }, 1));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    // Only what may pass is tried again.
    expect(fixture.hub.log).toHaveLength(status === 500 ? 3 : 1);
  });

  test('a revision that does not exist is named', async () => {
    const error = await failure((await fixture.library()).look({ repo: REPO, revision: 'v9' }, 1));
    expect(error).toMatchObject({ code: 'not-found', message: expect.stringContaining('v9') });
  });

  test('too many requests: waits as long as it is told, or says how long', async () => {
    fixture.hub.fault(`api/${REPO}`, 429, { times: 1, retryAfter: '0' });
    const library = await fixture.library();
    await library.look({ repo: REPO }, 1);
    fixture.hub.fault(`api/${REPO}`, 429, { retryAfter: '3600' });
    expect((await failure(library.look({ repo: REPO }, 2))).hint).toContain('3600 s');
    fixture.hub.reset();
    const later = new Date(Date.now() + 86_400_000).toUTCString();
    fixture.hub.fault(`api/${REPO}`, 429, { retryAfter: later });
    expect((await failure(library.look({ repo: REPO }, 3))).hint).toMatch(/86[34]\d\d s/);
  });

  test('silence, and nobody there', async () => {
    fixture.impatient();
    fixture.hub.fault(`api/${REPO}`, 'mute');
    const library = await fixture.library();
    expect((await failure(library.look({ repo: REPO }, 1))).message).toMatch(/sent nothing for 0.8 s/);
    await library.configure({ endpoint: 'http://127.0.0.1:9' });
    expect((await failure(library.look({ repo: REPO }, 2))).message).toMatch(/no answer from 127.0.0.1:9/);
  });

  test('a device without a network is told so', async () => {
    vi.stubGlobal('navigator', { onLine: false });
    const library = await fixture.library(undefined, 'http://127.0.0.1:9');
    const error = await failure(library.look({ repo: REPO }, 1)).finally(() => vi.unstubAllGlobals());
    expect(error.message).toContain('this device is offline');
  });

  test('cancelling ends it at once', async () => {
    fixture.hub.fault(`api/${REPO}`, 'mute');
    const library = await fixture.library();
    const looking = failure(library.look({ repo: REPO }, 7));
    // The call is under way once its request is logged.
    await expect.poll(() => fixture.hub.log.length).toBe(1);
    await library.cancel(7);
    expect((await looking).code).toBe('cancelled');
  });
});

describe('answers that cannot be used', () => {
  const good = {
    id: REPO,
    sha: 'a'.repeat(40),
    siblings: [{ rfilename: 'a', size: 1, blobId: 'b'.repeat(40) }],
  };

  /** Looks while every request is answered like this. @param link address of the next page of the tree */
  async function answered(value: unknown, { revision, link }: { revision?: string; link?: string } = {}) {
    vi.stubGlobal('fetch', (url: URL) => {
      const tree = link !== undefined && url.pathname.includes('/tree/');
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      const response = new Response(
        tree ? '[]' : text,
        tree ? { headers: { link: `<${link}>; rel="next"` } } : {},
      );
      Object.defineProperty(response, 'url', { value: url.href });
      return Promise.resolve(response);
    });
    try {
      return await (await fixture.library()).look({ repo: REPO, revision }, 1);
    } finally {
      vi.unstubAllGlobals();
    }
  }

  test('the good one is good', async () => {
    expect(await answered(good)).toMatchObject({ files: [{ path: 'a', bytes: 1, oid: 'b'.repeat(40) }] });
  });

  test.each([
    ['not JSON', '<html>sign in</html>'],
    ['nothing', ''],
    ['a list', []],
    ['no commit', { ...good, sha: 'main' }],
    ['a size below zero', { ...good, siblings: [{ rfilename: 'a', size: -1 }] }],
    ['a size that is no number', { ...good, siblings: [{ rfilename: 'a', size: '1e99' }] }],
    ['a name that leads elsewhere', { ...good, id: '../../other' }],
    ['far too long', JSON.stringify({ ...good, padding: 'x'.repeat(21_000_000) })],
  ])('%s', async (_, value) => {
    expect(['bad-file', 'bad-input']).toContain((await failure(answered(value))).code);
  });

  test('one for another commit than was asked for', async () => {
    const error = await failure(answered(good, { revision: 'c'.repeat(40) }));
    expect(error).toMatchObject({ code: 'bad-file', message: expect.stringContaining('aaaa') });
  });

  test('a list that goes on at another site, or for ever', async () => {
    const sizeless = { ...good, siblings: [{ rfilename: 'a' }] };
    const elsewhere = await failure(answered(sizeless, { link: 'https://example.com/next' }));
    expect(elsewhere.message).toContain('another site');
    const endless = await failure(answered(sizeless, { link: '/api/models/a/b/tree/x' }));
    expect(endless.message).toContain('too many files');
  });

  test('paths that would leave the set are left out', async () => {
    const paths = ['../a', '/a', 'a//b', 'a\\b', 'a\u0000', './a', 'x/../../a', 'fine/b.json'];
    const siblings = paths.map((rfilename) => ({ rfilename, size: 1 }));
    expect(await answered({ ...good, siblings })).toMatchObject({ files: [{ path: 'fine/b.json' }] });
  });
});

describe('endpoint and token', () => {
  const TOKEN = 'hf_secretsecret';

  test.each([
    'http://example.com',
    'ftp://localhost',
    'huggingface.co',
    'https://user:pw@host',
    'javascript:1',
    '',
  ])('refuses the endpoint “%s”', async (endpoint) => {
    expect((await failure((await fixture.library()).configure({ endpoint }))).code).toBe('bad-input');
  });

  test('a gated repository asks for a token, refuses a wrong one, and opens with the right one', async () => {
    fixture.hub.gate(REPO, TOKEN);
    const library = await fixture.library();
    expect((await library.look({ repo: REPO }, 1)).gated).toBe(true);
    const without = await failure(fixture.fetch(library));
    expect(without.hint).toMatch(/accept its licence .* access token/);
    await library.configure({ token: 'hf_wrong' });
    const wrong = await failure(fixture.fetch(library));
    expect(wrong.message).toContain('with this token');
    expect(JSON.stringify([wrong, wrong.message, wrong.stack])).not.toContain('hf_wrong');
    expect(await library.configure({ token: ` ${TOKEN}\n` })).toMatchObject({
      hasToken: true,
      remembered: false,
    });
    await fixture.fetch(library);
    const { log } = fixture.hub;
    expect(
      log.some(({ server, authorization }) => server === 'hub' && authorization === `Bearer ${TOKEN}`),
    ).toBe(true);
    // Never beyond the endpoint's own origin.
    const beyond = log.filter(({ server }) => server === 'cdn');
    expect(beyond.length).toBeGreaterThan(0);
    expect(beyond.every(({ authorization }) => authorization === undefined)).toBe(true);
    // Nothing that is kept knows it.
    expect(await everythingStored()).not.toContain(TOKEN);
  });

  test('another endpoint does not get the token', async () => {
    const library = await fixture.library();
    await library.configure({ token: TOKEN });
    const other = await LibraryFixture.start();
    expect(await library.configure({ endpoint: other.hub.origin })).toMatchObject({ hasToken: false });
    await library.look({ repo: REPO }, 1);
    expect(other.hub.log.some(({ authorization }) => authorization !== undefined)).toBe(false);
    await other.close();
  });

  test('a token is remembered only when asked, and can be forgotten', async () => {
    const first = await fixture.library();
    await first.configure({ token: TOKEN });
    expect(await (await fixture.library(undefined, '')).configure({})).toMatchObject({ hasToken: false });
    expect(await first.configure({ remember: true })).toMatchObject({ remembered: true });
    const next = await fixture.library(undefined, '');
    expect(await next.configure({})).toEqual({
      endpoint: fixture.hub.origin,
      hasToken: true,
      remembered: true,
    });
    expect(await next.forgetToken()).toMatchObject({ hasToken: false, remembered: false });
    expect(await everythingStored()).not.toContain(TOKEN);
  });

  test('a token with a line break could add headers', async () => {
    const error = await failure((await fixture.library()).configure({ token: 'hf_a\r\nx: y' }));
    expect(error.code).toBe('bad-input');
    expect(error.message).not.toContain('hf_a');
  });

  async function everythingStored(): Promise<string> {
    const store = fixture.store as MemoryStore;
    const texts: string[] = [];
    for (const folder of await store.folders()) {
      for (const { name } of await store.files(folder))
        texts.push(await (await store.read(folder, name))!.text());
    }
    return texts.join('\n');
  }
});
