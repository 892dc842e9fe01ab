import { FacetError } from '../shared/errors.ts';
import { bytesOf, readableBytes } from './byte-alphabet.ts';
import { type AddedToken, AddedTokens } from './tokenizer-added.ts';
import type { AlignedText } from './tokenizer-align.ts';
import { customaryBos, ENDS, prependsBos } from './tokenizer-bos.ts';
import { readTokenizerConfig, readTokenizerJson } from './tokenizer-json.ts';
import { type BytePairs, byteOf, LONGEST_WORD } from './tokenizer-pairs.ts';
import type { Steps } from './tokenizer-steps.ts';

/** See `TokenRecord` of the engine's protocol. */
export interface Token {
  id: number;
  text: string;
  start: number;
  end: number;
  part: number;
  ofParts: number;
  special: boolean;
}

/** What the files of a tokenizer do not say. */
export interface TokenizerOptions {
  /** `model_type` of config.json. */
  family?: string;
  /** Whether a text is read after a beginning-of-text token, as a dictionary's `prepend_bos`; else as the family's are. */
  prependBos?: boolean;
  /** Of config.json, for tokenizers whose files name no such token. */
  bosTokenId?: number;
  eosTokenId?: number;
  /** Every id that ends a text, of config.json and generation_config.json. */
  endTokenIds?: readonly number[];
}

export interface TokenizeOptions {
  /** What special tokens typed in the text are: the text they are written as, or the tokens, as in chat templates. */
  specials?: 'text' | 'tokens';
}

const LONGEST_TEXT = 2_000_000;
const MOST_NOTES = 5;

/** Text ⇄ token ids, with the exact place of every token in the text. */
export class ModelTokenizer {
  /** How texts are split, in words. */
  readonly kind: string;
  /** One more than the largest id, added tokens counted. Models may have more: their vocabularies are padded. */
  readonly vocabSize: number;
  /** One more than the largest id that texts are made of. Above are special tokens only, which a model may lack. */
  readonly textVocabSize: number;
  /** The beginning-of-text token, when the model has one. */
  readonly bosId: number | undefined;
  /** The end-of-text token, when the model has one. */
  readonly eosId: number | undefined;
  /** What the model reads before a text: the beginning-of-text token, or nothing. */
  readonly prefix: readonly Token[];
  /** Ids that end a text when a model says them: the end-of-text token, and ends of turns. */
  readonly endIds: readonly number[];
  /** Source of the chat template, in Jinja, when the model has one. */
  readonly chatTemplate: string | undefined;
  /** Texts of special tokens by the names that chat templates use, e.g. `bos_token`. */
  readonly specialTexts: Readonly<Record<string, string>>;
  readonly #pairs: BytePairs;
  readonly #steps: Steps;
  readonly #finder: AddedTokens;
  readonly #added: ReadonlyMap<number, AddedToken>;
  readonly #texts = new Map<number, string>();

  /**
   * @param tokenizerJson contents of tokenizer.json, not trusted
   * @param configJson contents of tokenizer_config.json, not trusted
   * @throws FacetError `bad-file`, or `unsupported` for anything but BPE that is byte-level or falls back to bytes
   */
  constructor(tokenizerJson: unknown, configJson: unknown, options: TokenizerOptions = {}) {
    const config = readTokenizerConfig(configJson);
    const { pairs, added, steps } = readTokenizerJson(tokenizerJson);
    this.#pairs = pairs;
    this.#steps = steps;
    this.#finder = new AddedTokens(added, steps.normalize);
    this.#added = new Map(added.map((token) => [token.id, token]));
    this.kind = steps.byteLevel ? 'BPE, byte-level' : 'BPE, byte fallback';
    const size = (tokens: AddedToken[]): number =>
      tokens.reduce((most, { id }) => Math.max(most, id + 1), pairs.vocab.length);
    this.vocabSize = size(added);
    this.textVocabSize = size(added.filter(({ special }) => !special));
    this.chatTemplate = config.chatTemplate;
    const customary = customaryBos(options.family);
    this.bosId = this.#find(config.bos, options.bosTokenId, customary);
    this.eosId = this.#find(config.eos, options.eosTokenId, customary);
    const ends = added.filter(({ special, content }) => special && ENDS.has(content)).map(({ id }) => id);
    const named = (options.endTokenIds ?? []).filter((id) => this.#written(id) !== undefined);
    const all = [...(this.eosId === undefined ? [] : [this.eosId]), ...named, ...ends];
    this.endIds = [...new Set(all)].sort((a, b) => a - b);
    this.specialTexts = {
      ...config.special,
      ...(this.bosId !== undefined && { bos_token: this.text(this.bosId) }),
      ...(this.eosId !== undefined && { eos_token: this.text(this.eosId) }),
    };
    // In place of a beginning-of-text token that is wanted and missing, transformer-lens takes the one for the end.
    const first = this.bosId ?? this.eosId;
    const wanted = options.prependBos ?? prependsBos(options.family);
    this.prefix = wanted && first !== undefined ? [this.#special(first)] : [];
  }

  #find(name: string | undefined, id: number | undefined, customary: string | undefined): number | undefined {
    const byText = (text: string | undefined): number | undefined => {
      if (text === undefined) return undefined;
      for (const token of this.#added.values()) if (token.content === text) return token.id;
      return this.#pairs.id(text);
    };
    return byText(name) ?? (id !== undefined && this.#written(id) !== undefined ? id : byText(customary));
  }

  #special(id: number): Token {
    return { id, text: this.text(id), start: 0, end: 0, part: 0, ofParts: 1, special: true };
  }

  /** A token as the files write it. */
  #written(id: number): string | undefined {
    return this.#added.get(id)?.content ?? this.#pairs.vocab[id];
  }

  /** Display text of one token: bytes that are no whole character are written `\xHH`, ids without a token `[id]`. */
  text(id: number): string {
    let text = this.#texts.get(id);
    if (text === undefined) this.#texts.set(id, (text = this.#text(id)));
    return text;
  }

  #text(id: number): string {
    const added = this.#added.get(id);
    if (added?.special) return added.content;
    const bytes = this.bytes(id);
    return bytes ? readableBytes(bytes) : (this.#written(id) ?? `[${id}]`);
  }

  /** Whether an id is a special token's, which stands for no text. */
  isSpecial(id: number): boolean {
    return this.#added.get(id)?.special ?? false;
  }

  /** UTF-8 that a token stands for in a text; `undefined` where there is no token, or none that a text is made of. */
  bytes(id: number): Uint8Array<ArrayBuffer> | undefined {
    const token = this.#written(id);
    if (token === undefined) return undefined;
    if (this.#steps.byteLevel && !this.#added.has(id)) return bytesOf(token);
    const byte = this.#steps.byteLevel ? undefined : byteOf(token);
    if (byte !== undefined) return Uint8Array.of(byte);
    const { space } = this.#steps;
    return new TextEncoder().encode(space === undefined ? token : token.replaceAll(space, ' '));
  }

  /** The text that tokens make together, special ones left out; bytes that are no whole character become �. */
  decode(ids: Iterable<number>): string {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    let text = '';
    for (const id of ids) {
      const bytes = this.isSpecial(id) ? undefined : this.bytes(id);
      if (bytes) text += decoder.decode(bytes, { stream: true });
    }
    return text + decoder.decode();
  }

  /** The special token at the start of every sequence. @throws FacetError `unsupported` when the model has none */
  get bos(): Token {
    if (this.bosId === undefined)
      throw new FacetError('unsupported', 'This model names no beginning-of-text token.');
    return this.#special(this.bosId);
  }

  /**
   * Splits a text, without `prefix`. Offsets are code units of `text` as given; tokens tile it. Tokens that share a
   * character, or characters that normalisation joins, have the same span and count their parts; one that stands for
   * nothing in the text, as a "▁" put before it does, has an empty span.
   * @throws FacetError `bad-input` above 2,000,000 code units
   */
  tokenize(text: string, { specials = 'text' }: TokenizeOptions = {}): { tokens: Token[]; notes: string[] } {
    if (text.length > LONGEST_TEXT) {
      throw new FacetError(
        'bad-input',
        `The text has ${text.length.toLocaleString('en')} characters; at most ${LONGEST_TEXT.toLocaleString('en')} are read.`,
        {
          hint: 'Paste a part of it.',
        },
      );
    }
    const notes: string[] = [];
    // Replaces lone surrogates only, one code unit for one, so that offsets stay those of the original.
    const clean = text.toWellFormed();
    if (clean !== text) notes.push('Half characters (lone surrogates) were read as �.');
    const asText = new Set<string>();
    const isText = (token: AddedToken): boolean => {
      if (token.special && specials === 'text') asText.add(token.content);
      return token.special && specials === 'text';
    };
    const tokens: Token[] = [];
    let cut = false;
    for (const section of this.#finder.sections(clean, isText)) {
      const { text: aligned, token } = section;
      if (token) {
        const [start, end] = [aligned.start(0), aligned.end(aligned.text.length - 1)];
        const { id, special } = token;
        tokens.push({ id, text: this.text(id), start, end, part: 0, ofParts: 1, special });
      } else {
        const prepared = this.#steps.prepare(aligned);
        const encoded = this.#pairs.encode(this.#steps.words(prepared.text));
        cut ||= encoded.cut;
        this.#place(prepared, encoded.tokens, tokens);
      }
    }
    numberParts(tokens);
    for (const special of [...asText].slice(0, MOST_NOTES))
      notes.push(`“${special}” in the text is read as ordinary text, not as the special token.`);
    if (cut)
      notes.push(
        `Words of more than ${LONGEST_WORD.toLocaleString('en')} characters were cut; tokens at the cuts may be others than the model's own.`,
      );
    return { tokens, notes };
  }

  /** Walks the bytes of a section and of its tokens together, and adds the tokens to `placed`. */
  #place(section: AlignedText, written: readonly string[], placed: Token[]): void {
    const { text } = section;
    let unit = 0; // code unit where the character being read begins
    let inside = 0; // bytes of that character already covered
    for (const token of written) {
      const id = this.#pairs.id(token)!;
      const first = unit;
      let after = unit;
      let left = this.#pairs.byteLength(token);
      while (left > 0 && unit < text.length) {
        const code = text.codePointAt(unit)!;
        after = unit + (code > 0xffff ? 2 : 1);
        const need = (code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4) - inside;
        if (need > left) {
          inside += left;
          left = 0;
        } else {
          left -= need;
          inside = 0;
          unit = after;
        }
      }
      const [start, end] = [section.start(first), section.end(after - 1)];
      placed.push({ id, text: this.text(id), start, end, part: 0, ofParts: 1, special: false });
    }
    if (unit !== text.length || inside !== 0)
      throw new FacetError('unsupported', 'This tokenizer has no tokens for some characters of the text.', {
        hint: 'Leave out rare characters, or choose another model.',
      });
  }
}

/** Joins tokens that share a character into groups: same span, parts counted from 0. */
function numberParts(tokens: Token[]): void {
  for (let first = 0; first < tokens.length;) {
    let after = first + 1;
    let { start, end } = tokens[first]!;
    while (after < tokens.length && tokens[after]!.start < end) end = Math.max(end, tokens[after++]!.end);
    // Most stand alone, as they were placed.
    const ofParts = after - first;
    if (ofParts > 1)
      for (let part = 0; part < ofParts; part++)
        Object.assign(tokens[first + part]!, { start, end, part, ofParts });
    first = after;
  }
}
