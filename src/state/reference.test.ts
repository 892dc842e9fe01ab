import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isRepository, parseReference, partOf } from './reference.ts';

const revision = '0123456789abcdef0123456789abcdef01234567';

test('references of every kind are read apart', () => {
  expect(parseReference('storyworld-2m')).toEqual({ kind: 'catalogue', id: 'storyworld-2m' });
  const set = `hf:jbloom/GPT2-Small-SAEs-Reformatted@${revision}`;
  expect(parseReference(set)).toEqual({
    kind: 'hub',
    set,
    repo: 'jbloom/GPT2-Small-SAEs-Reformatted',
    revision,
    path: '',
  });
  expect(parseReference(`${set}:blocks.8.hook_resid_pre`)).toMatchObject({
    set,
    path: 'blocks.8.hook_resid_pre',
  });
  expect(parseReference('local:0123456789abcdef:a b/Ä.gguf')).toEqual({
    kind: 'local',
    set: 'local:0123456789abcdef',
    digest: '0123456789abcdef',
    path: 'a b/Ä.gguf',
  });
  expect(partOf(set, 'layers.3.mlp')).toBe(`${set}:layers.3.mlp`);
  expect(partOf(set, '')).toBe(set);
});

test.each([
  '',
  'hf:owner/name',
  'hf:owner/name@main',
  `hf:owner/name@${revision.slice(1)}`,
  `hf:owner/name@${revision.toUpperCase()}`,
  `hf:owner@${revision}`,
  `hf:owner/name/more@${revision}`,
  `hf:../name@${revision}`,
  `hf:owner/na..me@${revision}`,
  `hf:owner/.name@${revision}`,
  `hf:owner/name-@${revision}`,
  `hf:owner/na--me@${revision}`,
  `hf:https://evil.example/x@${revision}`,
  `hf:owner/name@${revision}:`,
  `hf:owner/name@${revision}:/etc/passwd`,
  `hf:owner/name@${revision}:a//b`,
  `hf:owner/name@${revision}:a/../b`,
  `hf:owner/name@${revision}:a/`,
  `hf:owner/name@${revision}:a?token=1`,
  `hf:owner/name@${revision}:a#b`,
  `hf:owner/name@${revision}:a\\b`,
  `hf:owner/name@${revision}:a%2fb`,
  `hf:owner/name@${revision}:${'a'.repeat(600)}`,
  'local:0123',
  'local:0123456789abcdeg',
  'local:0123456789abcdef:../x',
  'javascript:alert(1)',
  'https://evil.example/x',
  '//evil.example/x',
  '/etc/passwd',
  'models/../../x',
  'a:b',
  'x\n',
  'hf:',
])('%s is no reference', (text) => {
  expect(parseReference(text)).toBeUndefined();
});

test('names of repositories', () => {
  for (const good of ['openai-community/gpt2', 'a/b', 'EleutherAI/sae-pythia-70m-32k', 'x/y_1.2'])
    expect(isRepository(good), good).toBe(true);
  for (const bad of ['gpt2', 'a/b/c', '../b', 'a/..', 'a/b--c', '-a/b', 'a /b', 'https://x/y', 'a/b:c', ''])
    expect(isRepository(bad), bad).toBe(false);
});

test('whatever is written, what is read of it is safe and is written the same', () => {
  const piece = fc.constantFrom(
    'hf:',
    'local:',
    'a',
    '/',
    '..',
    '.',
    ':',
    '@',
    revision,
    '0123456789abcdef',
    ' ',
    'é',
    '%',
    '\\\\',
  );
  const text = fc.oneof(
    fc.string({ maxLength: 60 }),
    fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
  );
  fc.assert(
    fc.property(text, (written) => {
      const read = parseReference(written);
      if (!read) return;
      if (read.kind === 'catalogue') expect(read.id).toBe(written);
      else {
        expect(partOf(read.set, read.path)).toBe(written);
        expect(read.path.split('/')).not.toContain('..');
        expect(read.path).not.toMatch(/[\\%?#]|^\/|\/$|\/\//);
      }
      if (read.kind === 'hub') expect(isRepository(read.repo)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});
