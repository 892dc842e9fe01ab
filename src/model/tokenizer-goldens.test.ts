import { existsSync, readFileSync } from 'node:fs';
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

const KINDS =
  'gpt2 pythia llama2 llama-metaspace-first llama-metaspace-split llama3 qwen gemma smollm2 rare prefix-space'.split(
    ' ',
  );

function golden(name: string): { tokenizer: unknown; config: unknown; cases: Case[] } {
  const file = new URL(`goldens/tokenizers/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as ReturnType<typeof golden>;
}

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

describe.each(KINDS)('%s', (kind) => {
  const { tokenizer: json, config, cases } = golden(kind);
  const tokenizer = new ModelTokenizer(json, config);
  const form = /NFK?[CD]/.exec(JSON.stringify((json as { normalizer: unknown }).normalizer))?.[0] as 'NFC';

  test.each(cases)('$text', ({ text, ids, offsets }) => {
    const { tokens } = tokenizer.tokenize(text);
    expect(tokens.map(({ id }) => id)).toEqual(ids);
    const normalized = form !== undefined && text.normalize(form) !== text;
    const others = tokens.filter((token, i) => !sameSpan(token, offsets[i]!, normalized));
    expect(others).toEqual([]);
    expect(tokens.at(-1)?.end ?? 0).toBe(text.length);
  });
});

test('the beginning-of-text token is prepended where transformer-lens prepends it', () => {
  for (const [family, expected] of Object.entries(prependBos)) expect(prependsBos(family)).toBe(expected);
});
