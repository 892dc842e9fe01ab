import { BPE } from '@huggingface/tokenizers';
import * as v from 'valibot';
import { FacetError } from '../shared/errors.ts';

/** Tokens of the largest vocabularies are a quarter of this. A table of ids is as long as its largest. */
export const MOST_TOKENS = 1_048_576;
export const idSchema = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MOST_TOKENS - 1));

// Not `v.record`, which drops names such as "prototype": GPT-2 has a token of that text.
const vocabSchema = v.custom<Record<string, number>>((vocab) => {
  if (typeof vocab !== 'object' || vocab === null || Array.isArray(vocab)) return false;
  return Object.values(vocab).every((id) => Number.isInteger(id) && id >= 0 && id < MOST_TOKENS);
}, 'the vocabulary must map tokens to whole numbers from 0');
const flagSchema = v.nullish(v.boolean(), false);
const noneSchema = v.nullish(v.literal(''));
export const modelSchema = v.object({
  vocab: vocabSchema,
  // Each is looked at once the library has read them: there are half a million in Gemma's.
  merges: v.custom<[string, string][]>(Array.isArray, 'the merges must be a list'),
  byte_fallback: flagSchema,
  ignore_merges: flagSchema,
  dropout: v.nullish(v.literal(0)),
  continuing_subword_prefix: noneSchema,
  end_of_word_suffix: noneSchema,
});

/** Words are cut where they get longer than this, so that one endless word cannot stall the page. */
export const LONGEST_WORD = 10_000;
/** Words of models that split texts into words are left whole up to this. */
const LONG_WORD = 1_000;
const BITS = 24;

/** Byte-pair encoding by the library, of words however long. */
export class BytePairs {
  readonly #bpe: BPE;
  readonly #shortest: number;
  readonly #byteFallback: boolean;
  #pairs: Uint32Array | undefined;

  /**
   * @param model of tokenizer.json; the vocabulary and the merges are checked here
   * @param byteLevel whether words come in the byte alphabet, split by a pattern
   * @throws FacetError `bad-file`, or `unsupported`
   */
  constructor(model: v.InferOutput<typeof modelSchema>, byteLevel: boolean) {
    this.#byteFallback = model.byte_fallback;
    // A word that is a token is that token with `ignore_merges`; a part of a longer word is not.
    this.#shortest = byteLevel || model.ignore_merges ? LONG_WORD : 1;
    if (!byteLevel && (!model.byte_fallback || model.ignore_merges))
      throw new FacetError(
        'unsupported',
        'Only BPE that is byte-level, or falls back to bytes, is supported.',
      );
    this.#bpe = new BPE({ ...model, type: 'BPE', unk_token: null, dropout: null, end_of_word_suffix: null });
    this.#check(model.merges);
    // The library keeps what it was made from and reads it no more.
    this.#bpe.merges = [];
    this.#bpe.config = { ...this.#bpe.config, vocab: {}, merges: [] };
    if (!model.byte_fallback) return;
    for (let byte = 0; byte < 256; byte++)
      if (this.id(byteToken(byte)) === undefined)
        throw new FacetError(
          'unsupported',
          'This tokenizer falls back to bytes but has no token for some of them.',
        );
  }

  /** Tokens by id; holes are undefined. */
  get vocab(): readonly (string | undefined)[] {
    return this.#bpe.vocab;
  }

  id(token: string): number | undefined {
    return this.#bpe.tokens_to_ids.get(token);
  }

  /** Bytes of text that a token out of `encode` stands for. */
  byteLength(token: string): number {
    if (!this.#byteFallback) return token.length;
    return byteOf(token) !== undefined ? 1 : utf8Length(token);
  }

  /** Tokens of words, one after the other, and whether a word had to be cut where that may change them. */
  encode(words: readonly string[]): { tokens: string[]; cut: boolean } {
    let cut = false;
    const pieces: string[] = [];
    for (const word of words) {
      let from = 0;
      while (word.length - from > this.#shortest) {
        const to = this.#cutBetween(word, from + this.#shortest, Math.min(from + LONGEST_WORD, word.length));
        if (to === word.length) break;
        cut ||= !this.#apart(word, to);
        pieces.push(word.slice(from, to));
        from = to;
      }
      if (from < word.length) pieces.push(from === 0 ? word : word.slice(from));
    }
    return { tokens: this.#bpe.encode(pieces), cut };
  }

  /** The first place from `from` on where cutting changes nothing, or `to`. */
  #cutBetween(word: string, from: number, to: number): number {
    for (let at = from; at < to; at++) if (this.#apart(word, at)) return at;
    const low = to < word.length && isLowSurrogate(word.charCodeAt(to));
    return low ? to + 1 : to;
  }

  /**
   * Whether no token has the two code units around `at` side by side. No merge can join them then, since all it makes
   * is tokens, and what is left of `at` and what is right of it are merged as if each were alone.
   */
  #apart(word: string, at: number): boolean {
    const right = word.charCodeAt(at);
    if (isLowSurrogate(right)) return false;
    const bit = hash(word.charCodeAt(at - 1), right);
    return (this.#neighbours()[bit >>> 5]! & (1 << (bit & 31))) === 0;
  }

  /** Pairs of code units in tokens, by hash: two that share a bit only mean a cut less. */
  #neighbours(): Uint32Array {
    if (this.#pairs) return this.#pairs;
    const pairs = new Uint32Array(2 ** (BITS - 5));
    for (const token of this.#bpe.tokens_to_ids.keys()) {
      for (let at = 1; at < token.length; at++) {
        const bit = hash(token.charCodeAt(at - 1), token.charCodeAt(at));
        pairs[bit >>> 5]! |= 1 << (bit & 31);
      }
    }
    return (this.#pairs = pairs);
  }

  #check(merges: readonly unknown[]): void {
    const ids = this.#bpe.tokens_to_ids;
    for (const merge of merges) {
      const pair: unknown = typeof merge === 'string' ? merge.split(' ') : merge;
      const [left, right]: unknown[] = Array.isArray(pair) && pair.length === 2 ? pair : [];
      // The library tells by the first merge how all are written.
      if (typeof left !== 'string' || typeof right !== 'string' || typeof merge !== typeof merges[0])
        throw new FacetError('bad-file', 'tokenizer.json is wrong: a merge must be of two tokens.');
      const whole = left + right;
      if (!ids.has(left) || !ids.has(right) || !ids.has(whole))
        throw new FacetError(
          'bad-file',
          `tokenizer.json is wrong: it merges “${left.slice(0, 40)}” and “${right.slice(0, 40)}”, but the vocabulary lacks one of the three.`,
        );
      if (this.#byteFallback && byteOf(whole) !== undefined)
        throw new FacetError(
          'bad-file',
          `tokenizer.json is wrong: “${whole}” stands for a byte and is merged.`,
        );
    }
  }
}

const hash = (left: number, right: number): number =>
  Math.imul((left << 16) | right, 0x9e3779b1) >>> (32 - BITS);

const isLowSurrogate = (unit: number): boolean => unit >= 0xdc00 && unit < 0xe000;

/** The byte that a token as `<0xE2>` stands for: one of a character the vocabulary lacks. */
export function byteOf(token: string): number | undefined {
  return token.length === 6 && /^<0x[0-9A-F]{2}>$/.test(token)
    ? Number.parseInt(token.slice(3, 5), 16)
    : undefined;
}

const byteToken = (byte: number): string => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;

function utf8Length(text: string): number {
  let length = 0;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    length += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return length;
}
