import { readFileSync } from 'node:fs';
import { Tokenizer } from '@huggingface/tokenizers';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FacetError } from '../shared/errors.ts';
import { describeTokenizer } from './tokenizer-json.ts';
import { ModelTokenizer, type TokenizerOptions } from './tokenizer.ts';

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
  60_000,
);

test('texts beyond the limit are refused in words', () => {
  expect(() => tokenizer.tokenize('a'.repeat(2_000_001))).toThrow('at most');
});

test('a word too long to be taken whole is said to be cut, one that may be cut without harm is not', () => {
  const spaces = tokenizer.tokenize(' '.repeat(30_000));
  expect(spaces.tokens.at(-1)!.end).toBe(30_000);
  expect(spaces.notes.join()).toContain('were cut');
  expect(tokenizer.tokenize('xq'.repeat(15_000)).notes).toEqual([]);
});

describe('special tokens and what is read before a text', () => {
  const golden = (kind: string): { tokenizer: object; config: object } => {
    const file = new URL(`goldens/tokenizers/${kind}.json`, import.meta.url);
    return JSON.parse(readFileSync(file, 'utf8')) as ReturnType<typeof golden>;
  };
  const open = (kind: string, options: TokenizerOptions, config?: object): ModelTokenizer =>
    new ModelTokenizer(golden(kind).tokenizer, config ?? golden(kind).config, options);
  const prefix = (of: ModelTokenizer): string[] => of.prefix.map(({ text: shown }) => shown);

  test.each([
    ['gpt2', 'gpt2', ['<|endoftext|>']],
    ['gpt2', 'gpt_neo', ['<|endoftext|>']],
    ['pythia', 'gpt_neox', []],
    ['qwen', 'qwen3', []],
    ['llama2', 'llama', ['<s>']],
    ['llama3', 'llama', ['<|begin_of_text|>']],
    ['smollm2', 'llama', ['<|endoftext|>']],
    ['gemma', 'gemma2', ['<bos>']],
  ])('%s as %s', (kind, family, expected) => {
    expect(prefix(open(kind, { family }))).toEqual(expected);
    expect(prefix(open(kind, { family, prependBos: false }))).toEqual([]);
  });

  test('a dictionary may want it where the family does not; without one, the end of text stands for it', () => {
    expect(prefix(open('pythia', { family: 'gpt_neox', prependBos: true }))).toEqual(['<|endoftext|>']);
    const qwen = open('qwen', { family: 'qwen2', prependBos: true });
    expect([qwen.bosId, prefix(qwen)]).toEqual([undefined, ['<|im_end|>']]);
    expect(() => qwen.bos).toThrow('beginning-of-text');
  });

  test('what tokenizer_config.json leaves out is taken from config.json, or from custom', () => {
    expect(open('llama2', { family: 'llama', bosTokenId: 1, eosTokenId: 2 }, {})).toMatchObject({
      bosId: 1,
      eosId: 2,
    });
    expect(open('llama2', { family: 'llama', bosTokenId: 9_999 }, {}).bosId).toBeUndefined();
    expect(open('gpt2', { family: 'gpt2' }, {}).bosId).toBe(0);
    expect(open('gpt2', {}, { bos_token: 'no such token' }).bosId).toBeUndefined();
    expect(open('gpt2', {}, { bos_token: { content: '<|endoftext|>', special: true } }).bosId).toBe(0);
  });

  test('special tokens in a text are tokens where asked for', () => {
    const qwen = open('qwen', {});
    const { tokens, notes } = qwen.tokenize('<|im_start|>hi<|im_end|>', { specials: 'tokens' });
    expect(tokens[0]).toMatchObject({ text: '<|im_start|>', special: true, start: 0, end: 12 });
    expect(tokens.at(-1)).toMatchObject({ id: qwen.eosId, special: true, start: 14, end: 24 });
    expect(notes).toEqual([]);
    expect(qwen.tokenize('<|im_start|>').tokens.some(({ special }) => special)).toBe(false);
    // Not special: read as one token always.
    expect(qwen.tokenize('<think>').tokens).toMatchObject([{ text: '<think>', special: false }]);
  });

  test('a text out of tokens: split characters whole, special tokens left out', () => {
    const gpt2 = open('gpt2', {});
    for (const text of ['Hello world', ' é 🦊🦊 \ufeff', '👩\u200d👩\u200d👧']) {
      const ids = gpt2.tokenize(text).tokens.map(({ id }) => id);
      expect(gpt2.decode([gpt2.eosId!, ...ids.slice(0, 2), gpt2.eosId!, ...ids.slice(2)])).toBe(text);
    }
    const [part] = gpt2.tokenize('🝖').tokens;
    expect(gpt2.decode([part!.id])).toBe('�');
    const gemma = open('gemma', {});
    expect(gemma.decode(gemma.tokenize(' the© 🦊').tokens.map(({ id }) => id))).toBe(' the© 🦊');
  });

  test('ids that end a text: of every file that names them, and ends of turns', () => {
    const ends = (of: ModelTokenizer): string[] => of.endIds.map((id) => of.text(id));
    expect(ends(open('gpt2', { family: 'gpt2' }, {}))).toEqual(['<|endoftext|>']);
    expect(ends(open('qwen', {}))).toEqual(['<|endoftext|>', '<|im_end|>']);
    expect(ends(open('llama2', { endTokenIds: [2, 1, 99_999] }))).toEqual(['<s>', '</s>']);
  });

  test('kinds, sizes, templates and names of tokens', () => {
    expect(open('gpt2', {})).toMatchObject({ kind: 'BPE, byte-level', vocabSize: 420, textVocabSize: 420 });
    const gemma = open('gemma', {});
    expect(gemma.kind).toBe('BPE, byte fallback');
    const ids = gemma.tokenize(' the©').tokens.map(({ id }) => id);
    expect(ids.map((id) => gemma.text(id))).toEqual([' the', '\\xC2', '\\xA9']);
    expect(gemma.text(99_999)).toBe('[99999]');
    expect(gemma.bytes(99_999)).toBeUndefined();
    expect(open('qwen', {}).chatTemplate).toContain('{% for');
    const templates = [
      { name: 'tools', template: 'a' },
      { name: 'default', template: 'b' },
    ];
    expect(open('qwen', {}, { chat_template: templates }).chatTemplate).toBe('b');
    const { tokenizer: llama } = golden('llama3');
    const added_tokens = [{ id: 600, content: '<|image|>', special: true }];
    expect(new ModelTokenizer({ ...llama, added_tokens }, {})).toMatchObject({
      vocabSize: 601,
      textVocabSize: 433,
    });
  });

  test('a "▁" put before a text has an empty span where it is a token of its own', () => {
    const { tokens } = open('llama2', {}).tokenize(' a');
    expect(tokens.map(({ text: shown, start, end, part }) => [shown, start, end, part])).toEqual([
      [' ', 0, 0, 0],
      [' a', 0, 2, 0],
    ]);
  });

  test('what normalisation joins has one span', () => {
    const { tokens } = open('pythia', {}).tokenize('ae\u0301b');
    expect(tokens.map(({ start, end, part, ofParts }) => [start, end, part, ofParts])).toEqual([
      [0, 1, 0, 1],
      [1, 3, 0, 2],
      [1, 3, 1, 2],
      [3, 4, 0, 1],
    ]);
  });
});

describe('tokenizers that are not as they should be', () => {
  const model = { type: 'BPE', vocab: { a: 0, b: 1, ab: 2 }, merges: ['a b'] };
  const pre_tokenizer = { type: 'ByteLevel', add_prefix_space: false };
  const good = { model, pre_tokenizer };

  test('the least that is needed', () => {
    expect(new ModelTokenizer(good, null).tokenize('aba').tokens.map(({ id }) => id)).toEqual([2, 0]);
    expect(() => new ModelTokenizer(good, null).tokenize('abc')).toThrow('no tokens for some characters');
  });

  test.each([
    ['Unigram', { model: { type: 'Unigram', vocab: [] } }],
    ['tokenizer.json', {}],
    ['tokenizer.json', null],
    ['byte-level', { model }],
    ['for some of them', { model: { ...model, byte_fallback: true } }],
    ['whole numbers', { ...good, model: { ...model, vocab: { a: 0.5 } } }],
    ['whole numbers', { ...good, model: { ...model, vocab: { a: 2 ** 31 } } }],
    ['whole numbers', { ...good, model: { ...model, vocab: { a: -1 } } }],
    ['whole numbers', { ...good, model: { ...model, vocab: ['a'] } }],
    ['must be a list', { ...good, model: { ...model, merges: { 0: 'a b' } } }],
    ['lacks one', { ...good, model: { ...model, merges: ['a c'] } }],
    ['lacks one', { ...good, model: { ...model, merges: ['b a'] } }],
    ['of two tokens', { ...good, model: { ...model, merges: ['a b c'] } }],
    ['of two tokens', { ...good, model: { ...model, merges: [['a', 'b'], 'a b'] } }],
    ['of two tokens', { ...good, model: { ...model, merges: [['a', 'b', 'c']] } }],
    ['cannot be used', { ...good, model: { ...model, merges: [null] } }],
    ['Invalid', { ...good, model: { ...model, continuing_subword_prefix: '##' } }],
    ['Lowercase', { ...good, normalizer: { type: 'Lowercase' } }],
    ['toString', { ...good, normalizer: { type: 'toString' } }],
    ['Precompiled', { ...good, normalizer: { type: 'Sequence', normalizers: [{ type: 'Precompiled' }] } }],
    ['replacement', { ...good, normalizer: { type: 'Replace', pattern: { Regex: 'a' }, content: '' } }],
    ['BertPreTokenizer', { ...good, pre_tokenizer: { type: 'BertPreTokenizer' } }],
    [
      'in this order',
      { ...good, pre_tokenizer: { type: 'Sequence', pretokenizers: [pre_tokenizer, pre_tokenizer] } },
    ],
    [
      'behavior Removed',
      { ...good, pre_tokenizer: { type: 'Split', pattern: { String: ' ' }, behavior: 'Removed' } },
    ],
    [
      'cannot be used',
      { ...good, pre_tokenizer: { type: 'Split', pattern: { Regex: '(' }, behavior: 'Isolated' } },
    ],
    ['Invalid', { ...good, added_tokens: [{ id: 5, content: 'x'.repeat(1_000) }] }],
    ['Invalid', { ...good, added_tokens: [{ id: 2e9, content: 'x' }] }],
  ])('%s', (message, json) => {
    expect(() => new ModelTokenizer(json, {})).toThrow(FacetError);
    expect(() => new ModelTokenizer(json, {})).toThrow(message);
  });

  test('tokenizer_config.json is read with the same care', () => {
    expect(() => new ModelTokenizer(good, { bos_token: 7 })).toThrow('tokenizer_config.json');
  });

  test('any damage is an error of ours, or none', () => {
    const file = new URL('goldens/tokenizers/gemma.json', import.meta.url);
    const whole = JSON.stringify((JSON.parse(readFileSync(file, 'utf8')) as { tokenizer: object }).tokenizer);
    const junk = fc.constantFrom(
      '0',
      '-1',
      '"',
      'null',
      '[]',
      '{}',
      '1e99',
      ',',
      '"type":"x"',
      '\\ud800',
      '▁',
    );
    fc.assert(
      fc.property(fc.nat(whole.length), fc.nat(12), junk, (at, removed, put) => {
        let json: unknown;
        try {
          json = JSON.parse(whole.slice(0, at) + put + whole.slice(at + removed));
        } catch {
          return;
        }
        try {
          const given = 'the cat <think>  é\n\n x';
          expect(new ModelTokenizer(json, {}).tokenize(given).tokens.at(-1)!.end).toBe(given.length);
        } catch (error) {
          expect(error).toBeInstanceOf(FacetError);
          expect((error as FacetError).code).not.toBe('bug');
        }
        expect(describeTokenizer(json).length).toBeLessThan(600);
      }),
      { numRuns: 300 },
    );
  });
});

test('tokenizers are described without being made', () => {
  expect(describeTokenizer(read('tokenizer.json'))).toBe(
    'BPE, byte-level · 3,072 tokens · 1 added · Split · ByteLevel',
  );
  expect(describeTokenizer({ model: { type: 'Unigram', vocab: [['a', 0]] } })).toBe('Unigram · 1 tokens');
  for (const json of [
    null,
    {},
    3,
    { model: { vocab: null } },
    { model: { vocab: {} }, normalizer: { type: 3 } },
  ])
    expect(describeTokenizer(json)).toBeTypeOf('string');
});
