import { readFileSync } from 'node:fs';
import { Tokenizer } from '@huggingface/tokenizers';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ModelTokenizer } from './tokenizer.ts';

const folder = new URL('../../public/models/storyworld-2m/', import.meta.url);
const read = (name: string): unknown => JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
const tokenizer = new ModelTokenizer(read('tokenizer.json'), read('tokenizer_config.json'));
const reference = new Tokenizer(read('tokenizer.json') as object, read('tokenizer_config.json') as object);

const text = fc.string({ unit: 'grapheme', maxLength: 60 });

describe('spans', () => {
  test('bytes of all tokens are the bytes of the text, and spans tile it', () => {
    fc.assert(
      fc.property(text, (input) => {
        const { tokens } = tokenizer.tokenize(input);
        const bytes = tokens.flatMap(({ id }) => [...tokenizer.bytes(id)!]);
        expect(bytes).toEqual([...new TextEncoder().encode(input)]);
        let reached = 0;
        tokens.forEach((token) => {
          if (token.part === 0) {
            expect(token.start).toBe(reached);
            reached = token.end;
          } else expect([token.start < reached, token.end]).toEqual([true, reached]);
        });
        expect(reached).toBe(input.length);
      }),
      { numRuns: 300 },
    );
  });

  test('an emoji split into bytes keeps one span and numbers its parts', () => {
    const { tokens } = tokenizer.tokenize('a🦊b');
    const parts = tokens.filter(({ ofParts }) => ofParts > 1);
    expect(parts.length).toBeGreaterThan(1);
    expect(parts.map(({ start, end }) => [start, end])).toEqual(parts.map(() => [1, 3]));
    expect(parts.map(({ part }) => part)).toEqual(parts.map((_, i) => i));
    expect(parts[0]!.text).toMatch(/^\\x/);
  });

  test.each(['שלום עולם', 'e\u0301', '👩‍👩‍👧', '\0\u0001\u007f', 'a\r\nb\tc', '  two  spaces ', '\u202eabc'])(
    '%j is placed exactly',
    (input) => {
      const { tokens } = tokenizer.tokenize(input);
      expect(tokens.at(-1)!.end).toBe(input.length);
      const pieces = tokens.filter(({ part }) => part === 0).map(({ start, end }) => input.slice(start, end));
      expect(pieces.join('')).toBe(input);
    },
  );
});

test('ids are those of the library for ordinary text, long or short', () => {
  fc.assert(
    fc.property(text, (input) => {
      fc.pre(!input.includes('<|endoftext|>'));
      expect(tokenizer.tokenize(input).tokens.map(({ id }) => id)).toEqual(
        reference.encode(input, { add_special_tokens: false }).ids,
      );
    }),
    { numRuns: 200 },
  );
  const long =
    'When Mary and John went to the store, John gave a drink to Mary. In 1732,\n\n  they left. '.repeat(200);
  expect(tokenizer.tokenize(long).tokens.map(({ id }) => id)).toEqual(
    reference.encode(long, { add_special_tokens: false }).ids,
  );
});

test('lone surrogates are read as replacement characters, said so, and offsets stay', () => {
  const { tokens, notes } = tokenizer.tokenize('a\ud800b\udc00');
  expect(notes.join()).toContain('surrogates');
  expect(tokens.at(-1)!.end).toBe(4);
});

test('a special token typed by the visitor is plain text', () => {
  const { tokens, notes } = tokenizer.tokenize('x<|endoftext|>y');
  expect(tokens.length).toBeGreaterThan(3);
  expect(tokens.map(({ id }) => id)).not.toContain(tokenizer.bosId);
  expect(notes.join()).toContain('endoftext');
  expect(tokenizer.bos).toMatchObject({ id: 0, text: '<|endoftext|>', special: true });
});

test('digits come in pairs from the left', () => {
  expect(tokenizer.tokenize(' 1732').tokens.map((token) => token.text)).toEqual([' 17', '32']);
});

test.each([
  ['words', 'the cat sat on the mat. '.repeat(42_000)],
  ['one character', 'a'.repeat(1_000_000)],
  [
    'no spaces',
    Array.from({ length: 1_000_000 }, (_, i) => String.fromCharCode(97 + ((i * i * 7) % 26))).join(''),
  ],
  ['emoji', '🦊'.repeat(250_000)],
  ['spaces', ' '.repeat(1_000_000)],
])(
  'a million characters: %s',
  (_, input) => {
    expect(tokenizer.tokenize(input).tokens.at(-1)!.end).toBe(input.length);
  },
  30_000,
);

test('texts beyond the limit and foreign tokenizers are refused in words', () => {
  expect(() => tokenizer.tokenize('a'.repeat(2_000_001))).toThrow('at most');
  expect(() => new ModelTokenizer({ model: { type: 'Unigram', vocab: [] } }, {})).toThrow('Unigram');
  expect(() => new ModelTokenizer({}, {})).toThrow('tokenizer.json');
  const sentencePiece = { model: { type: 'BPE', vocab: { '▁a': 0 }, merges: [] } };
  expect(() => new ModelTokenizer(sentencePiece, {})).toThrow('byte-level');
});
