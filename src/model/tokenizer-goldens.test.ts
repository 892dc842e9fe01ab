import { existsSync, readFileSync } from 'node:fs';
import { BPE } from '@huggingface/tokenizers';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import prependBos from './goldens/tokenizers/prepend-bos.json';
import { ModelTokenizer, type Token } from './tokenizer.ts';
import { prependsBos } from './tokenizer-bos.ts';

interface Case {
  text: string;
  ids: number[];
  /** Code units [start, end) of each token, as the reference has them. */
  offsets: [number, number][];
}

interface Golden {
  tokenizer: { model: object; normalizer: unknown };
  config: unknown;
  cases: Case[];
}

const read = (file: URL): unknown => JSON.parse(readFileSync(file, 'utf8'));
const golden = (name: string): Golden =>
  read(new URL(`goldens/tokenizers/${name}.json`, import.meta.url)) as Golden;

/** The text that a kind's tokens spell: what normalisation and a space put before it make of the given one. */
const spelt: Record<string, ((text: string) => string) | undefined> = {
  gpt2: (text) => text,
  llama3: (text) => text,
  smollm2: (text) => text,
  pythia: (text) => text.normalize('NFC'),
  qwen: (text) => text.normalize('NFC'),
  gemma: (text) => text.replaceAll('▁', ' '),
  llama2: (text) => text && ` ${text.replaceAll('▁', ' ')}`,
  'llama-metaspace-first': (text) => text && text.replaceAll('▁', ' ').replace(/^(?! )/, ' '),
  'llama-metaspace-split': (text) => text && text.replaceAll('▁', ' ').replace(/^(?! )/, ' '),
  'prefix-space': (text) => text && text.normalize('NFD').replace(/^(?! )/, ' '),
  rare: undefined,
};

const anyText = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc
    .array(
      fc.constantFrom(
        ' ',
        '  ',
        '\n',
        '\n\n',
        '▁',
        'é',
        'e',
        '\u0301',
        '\u0323',
        '각',
        '\u11a8',
        '> </',
        '🦊',
        "'s",
        '12',
      ),
      { maxLength: 20 },
    )
    .map((parts) => parts.join('')),
);

/**
 * The reference's offsets differ where they are known to be coarse: each byte of a character, and each part of what
 * normalisation joined, has a span of its own choice within it; and what was put before a word has the span of the
 * word's first character instead of an empty one.
 */
function sameSpan(token: Token, [start, end]: [number, number], normalized: boolean): boolean {
  if (token.start === start && token.end === end) return true;
  if (token.start === token.end) return start === token.start;
  return (token.ofParts > 1 || normalized) && start >= token.start && end <= token.end;
}

function expectTiles(tokens: readonly Token[], text: string): void {
  let reached = 0;
  let parts = 0;
  tokens.forEach(({ start, end, part, ofParts }) => {
    if (part === 0) {
      expect([start, parts]).toEqual([reached, 0]);
      reached = end;
      parts = ofParts;
    }
    expect([end, part]).toEqual([reached, ofParts - parts]);
    parts -= 1;
  });
  expect([reached, parts]).toEqual([text.length, 0]);
}

describe.each(Object.keys(spelt))('%s', (kind) => {
  const { tokenizer: json, config, cases } = golden(kind);
  const tokenizer = new ModelTokenizer(json, config);
  const form = /NFK?[CD]/.exec(JSON.stringify(json.normalizer))?.[0] as 'NFC' | undefined;

  test.each(cases)('$text', ({ text, ids, offsets }) => {
    const { tokens } = tokenizer.tokenize(text);
    expect(tokens.map(({ id }) => id)).toEqual(ids);
    const normalized = form !== undefined && text.normalize(form) !== text;
    expect(tokens.filter((token, i) => !sameSpan(token, offsets[i]!, normalized))).toEqual([]);
    expectTiles(tokens, text);
  });

  test('spans tile any text, and bytes spell it', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const { tokens } = tokenizer.tokenize(text);
        expectTiles(tokens, text);
        const bytes = tokens.flatMap(({ id }) => [...tokenizer.bytes(id)!]);
        const expected = spelt[kind]?.(text.toWellFormed());
        if (expected !== undefined && !text.includes('Hello'))
          expect(new TextDecoder().decode(Uint8Array.from(bytes))).toBe(expected);
      }),
      { numRuns: 150 },
    );
  });
});

test.each(['gemma', 'llama2'])('%s: a text cut between words has the tokens of the whole', (kind) => {
  const { tokenizer: json } = golden(kind);
  const whole = new BPE(json.model as ConstructorParameters<typeof BPE>[0]);
  const text = `x${'> </div> the cat,  and\tthe   dog. '.repeat(40)}${'>'.repeat(30)} ${'é今日'.repeat(30)}`;
  const written = `${kind === 'llama2' ? '▁' : ''}${text.replaceAll(' ', '▁')}`;
  const { tokens, notes } = new ModelTokenizer({ ...json, added_tokens: [] }, {}).tokenize(text);
  expect(notes).toEqual([]);
  expect(tokens.map(({ id }) => id)).toEqual(
    whole.encode([written]).map((token) => whole.tokens_to_ids.get(token)),
  );
});

test('the beginning-of-text token is prepended where transformer-lens prepends it', () => {
  for (const [family, expected] of Object.entries(prependBos)) expect(prependsBos(family)).toBe(expected);
});

/** Published tokenizers, too large for the repository: folders with tokenizer.json, by the name of their golden. */
const published = process.env['FACET_TOKENIZERS'] ?? new URL('../../../py/tok', import.meta.url).pathname;

describe.each(['gemma3', 'llama3', 'qwen3', 'stories260K'])('published %s', (name) => {
  const file = new URL(`file://${published}/${name}/tokenizer.json`);
  test.skipIf(!existsSync(file))(
    `ids of the reference (skipped without ${file.pathname})`,
    { timeout: 60_000 },
    () => {
      const tokenizer = new ModelTokenizer(read(file), {});
      const ids = read(new URL(`goldens/tokenizers/${name}.ids.json`, import.meta.url));
      const { cases } = golden('gpt2');
      const ours = cases.map(({ text }) => tokenizer.tokenize(text).tokens);
      expect(ours.map((tokens) => tokens.map(({ id }) => id))).toEqual(ids);
      cases.forEach(({ text }, i) => expectTiles(ours[i]!, text));
    },
  );
});
