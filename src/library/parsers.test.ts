import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FacetError } from '../shared/errors.ts';
import { isJunk } from './junk.ts';
import { modelLayout } from './layouts.ts';
import { formatSetId, isPlainPath, parseSetId } from './set-id.ts';
import { Shelf } from './shelf.ts';
import { MemoryStore } from './store.ts';

const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));
const part = fc.stringMatching(/^[a-z0-9][a-z0-9_.]{0,20}[a-z0-9]$/).filter((text) => !/\.\./.test(text));

test('ids are read as they are written', () => {
  const folder = fc.option(fc.array(part, { minLength: 1, maxLength: 3 }), { nil: undefined });
  fc.assert(
    fc.property(part, part, hex(40), folder, (owner, name, revision, folders) => {
      const id = { kind: 'hf' as const, repo: `${owner}/${name}`, revision, folder: folders?.join('/') };
      expect(parseSetId(formatSetId(id))).toEqual(id);
    }),
  );
});

test('any text is an id or a complaint', () => {
  const text = fc.oneof(
    fc.string(),
    fc.string().map((rest) => `hf:${rest}`),
    hex(40).map((sha) => `hf:a/b@${sha}:../x`),
  );
  fc.assert(
    fc.property(text, (given) => {
      try {
        expect(formatSetId(parseSetId(given))).toBe(given);
      } catch (thrown) {
        if (!(thrown instanceof FacetError)) throw thrown;
        expect(thrown.code).toBe('bad-input');
      }
    }),
  );
});

test('a plain path stays below its folder', () => {
  fc.assert(
    fc.property(fc.string(), (path) => {
      if (!isPlainPath(path)) return;
      const { pathname } = new URL(`https://x/a/${path.split('/').map(encodeURIComponent).join('/')}`);
      expect(pathname.startsWith('/a/')).toBe(true);
    }),
  );
});

test('any manifest is read, or called damaged', async () => {
  const id = `hf:a/b@${'0'.repeat(40)}`;
  const key = Shelf.key(parseSetId(id));
  const good = {
    version: 1,
    id,
    title: 't',
    files: [{ path: 'a', bytes: 1, sha256: '0'.repeat(64) }],
    absent: [],
  };
  const store = new MemoryStore();
  const shelf = new Shelf(store);
  await store.write(key, 'manifest.json', JSON.stringify(good));
  expect(await shelf.manifest(key)).toEqual(good);
  const changed = fc
    .tuple(fc.constantFrom(...Object.keys(good)), fc.jsonValue())
    .map(([field, value]) => ({ ...good, [field]: value }));
  const anything = fc.oneof(fc.jsonValue(), changed).map((value) => JSON.stringify(value));
  await fc.assert(
    fc.asyncProperty(fc.oneof(anything, fc.string()), async (json) => {
      await store.write(key, 'manifest.json', json);
      const [set] = await shelf.list();
      expect(set!.id === id || set!.id === `damaged:${key}`).toBe(true);
      if (set!.id === id) expect(set!.title).toBeTypeOf('string');
    }),
  );
});

test('any listing has a layout', () => {
  const name = fc.constantFrom(
    'config.json',
    'tokenizer.json',
    'model.safetensors',
    'model.safetensors.index.json',
    'model-00001-of-00002.safetensors',
    'model-00002-of-00002.safetensors',
    'model-00001-of-00000.safetensors',
    'a.gguf',
    'x/y',
    '/',
    '',
  );
  const files = fc.array(fc.record({ path: fc.oneof(name, fc.string()), bytes: fc.nat() }));
  fc.assert(
    fc.property(files, (listing) => {
      const { choices, missing } = modelLayout(listing);
      const paths = new Set(listing.map(({ path }) => path));
      // What it names is there, or it says what is not.
      for (const choice of choices) expect(choice.files.every((path) => paths.has(path))).toBe(true);
      expect(choices.length + missing.length).toBeGreaterThan(0);
      expect(listing.every(({ path }) => typeof isJunk(path) === 'boolean')).toBe(true);
    }),
  );
});
