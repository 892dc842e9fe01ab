import { Tokenizer } from '@huggingface/tokenizers';
import * as v from 'valibot';
import { FacetError } from '../shared/errors.ts';
import { bytesOf, readableBytes } from './byte-alphabet.ts';

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

const LONGEST_TEXT = 2_000_000;
/** Longer runs without a place to split are cut here, so that one endless word cannot stall the page. */
const LONGEST_WORD = 2_000;

/** Tokens of the largest vocabularies are a quarter of this. A table of ids is as long as its largest. */
const MOST_TOKENS = 1_048_576;
const idSchema = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MOST_TOKENS - 1));
const addedSchema = v.array(
  v.object({ id: idSchema, content: v.string(), special: v.optional(v.boolean(), false) }),
);
// Not `v.record`, which drops names such as "prototype": GPT-2 has a token of that text.
const vocabSchema = v.custom<Record<string, number>>(
  (vocab) =>
    typeof vocab === 'object' && vocab !== null && Object.values(vocab).every((id) => v.is(idSchema, id)),
  'the vocabulary must map tokens to whole numbers from 0',
);
const tokenizerSchema = v.object({
  model: v.object({
    type: v.literal('BPE'),
    vocab: vocabSchema,
    merges: v.array(v.unknown()),
  }),
  added_tokens: v.optional(addedSchema, []),
});
const configSchema = v.object({
  bos_token: v.nullish(v.union([v.string(), v.object({ content: v.string() })])),
});

/** Text ⇄ token ids of a byte-level BPE, with the exact place of every token in the text. */
export class ModelTokenizer {
  readonly vocabSize: number;
  /** The beginning-of-text token, when the model has one. */
  readonly bosId: number | undefined;
  readonly #tokenizer: Tokenizer;
  readonly #tokens: (string | undefined)[] = [];
  readonly #special = new Map<number, string>();

  /**
   * @param tokenizerJson contents of tokenizer.json, not trusted
   * @param configJson contents of tokenizer_config.json, not trusted
   * @throws FacetError `bad-file`, or `unsupported` for anything but byte-level BPE
   */
  constructor(tokenizerJson: unknown, configJson: unknown) {
    const parsed = v.safeParse(tokenizerSchema, tokenizerJson);
    if (!parsed.success) {
      const type = (tokenizerJson as { model?: { type?: unknown } } | null)?.model?.type;
      if (typeof type === 'string' && type !== 'BPE')
        throw new FacetError('unsupported', `Tokenizers of type ${type.slice(0, 40)} are not supported yet.`);
      throw new FacetError('bad-file', `tokenizer.json is wrong: ${parsed.issues[0].message}`);
    }
    const config = v.safeParse(configSchema, configJson ?? {});
    if (!config.success)
      throw new FacetError('bad-file', `tokenizer_config.json is wrong: ${config.issues[0].message}`);
    for (const [token, id] of Object.entries(parsed.output.model.vocab)) this.#tokens[id] = token;
    for (const { id, content, special } of parsed.output.added_tokens) {
      if (special) this.#special.set(id, content);
      this.#tokens[id] ??= content;
    }
    const ordinary = this.#tokens.find(
      (token, id) => token !== undefined && !this.#special.has(id) && bytesOf(token) === undefined,
    );
    if (ordinary !== undefined)
      throw new FacetError('unsupported', 'Only byte-level BPE tokenizers are supported yet.');
    this.vocabSize = this.#tokens.length;
    const bos = config.output.bos_token;
    const bosText = typeof bos === 'string' ? bos : bos?.content;
    const bosId = bosText === undefined ? -1 : this.#tokens.indexOf(bosText);
    this.bosId = bosId < 0 ? undefined : bosId;
    try {
      // Without its special tokens, so that "<|endoftext|>" typed by a visitor is read as the text it is.
      this.#tokenizer = new Tokenizer(
        {
          normalizer: null,
          post_processor: null,
          decoder: null,
          pre_tokenizer: null,
          ...(tokenizerJson as object),
          added_tokens: [],
        },
        configJson ?? {},
      );
    } catch (cause) {
      throw new FacetError('bad-file', 'tokenizer.json cannot be used.', { detail: String(cause), cause });
    }
  }

  /** Display text of one token: bytes that are no whole character are written `\xHH`. */
  text(id: number): string {
    const special = this.#special.get(id);
    if (special !== undefined) return special;
    const bytes = this.bytes(id);
    return bytes ? readableBytes(bytes) : `[${id}]`;
  }

  bytes(id: number): Uint8Array<ArrayBuffer> | undefined {
    const token = this.#tokens[id];
    return token === undefined ? undefined : bytesOf(token);
  }

  /** The special token at the start of every sequence. @throws FacetError `unsupported` when the model has none */
  get bos(): Token {
    if (this.bosId === undefined)
      throw new FacetError('unsupported', 'This model names no beginning-of-text token.');
    return {
      id: this.bosId,
      text: this.text(this.bosId),
      start: 0,
      end: 0,
      part: 0,
      ofParts: 1,
      special: true,
    };
  }

  /**
   * Splits a text. Offsets are code units of `text` as given; tokens tile it.
   * @throws FacetError `bad-input` above 2,000,000 code units
   */
  tokenize(text: string): { tokens: Token[]; notes: string[] } {
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
    for (const special of this.#special.values()) {
      if (clean.includes(special))
        notes.push(`“${special}” in the text is read as ordinary text, not as the special token.`);
    }
    const ids: number[] = [];
    for (const piece of pieces(clean))
      for (const id of this.#tokenizer.encode(piece, { add_special_tokens: false }).ids) ids.push(id);
    return { tokens: this.#place(clean, ids), notes };
  }

  /** Walks the bytes of text and tokens together. */
  #place(text: string, ids: readonly number[]): Token[] {
    const tokens: Token[] = [];
    let unit = 0; // code unit where the character being read begins
    let inside = 0; // bytes of that character already covered
    for (const id of ids) {
      const bytes = this.bytes(id);
      if (!bytes) throw new FacetError('bug', `token ${id} has no bytes`);
      const start = unit;
      const startsInside = inside > 0;
      let left = bytes.length;
      while (left > 0) {
        const code = text.codePointAt(unit);
        if (code === undefined) throw new FacetError('bug', 'tokens cover more than the text');
        const need = (code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4) - inside;
        if (need > left) {
          inside += left;
          left = 0;
        } else {
          left -= need;
          inside = 0;
          unit += code > 0xffff ? 2 : 1;
        }
      }
      const tail = inside > 0 ? (text.codePointAt(unit)! > 0xffff ? 2 : 1) : 0;
      tokens.push({
        id,
        text: this.text(id),
        start,
        end: unit + tail,
        part: startsInside ? -1 : 0,
        ofParts: 1,
        special: false,
      });
    }
    if (unit !== text.length || inside !== 0)
      throw new FacetError('bug', `tokens cover ${unit} of ${text.length} characters`);
    numberParts(tokens);
    return tokens;
  }
}

/** Joins tokens that share a character into groups: same span, parts counted from 0. */
function numberParts(tokens: Token[]): void {
  for (let first = 0; first < tokens.length;) {
    let last = first;
    while (last + 1 < tokens.length && tokens[last + 1]!.part === -1) last += 1;
    const [start, end] = [tokens[first]!.start, tokens[last]!.end];
    for (let i = first; i <= last; i++)
      Object.assign(tokens[i]!, { start, end, part: i - first, ofParts: last - first + 1 });
    first = last + 1;
  }
}

/** Cuts the text at line breaks into pieces the library handles well, and endless words wherever they get too long. */
function* pieces(text: string): Iterable<string> {
  let from = 0;
  while (from < text.length) {
    let to = text.length;
    if (to - from > LONGEST_WORD) {
      to = from + LONGEST_WORD;
      // A split before a space that follows a non-space never changes the tokens: the pattern starts a word there.
      for (let at = to; at > from + 1; at--) {
        if (text[at] === ' ' && /[^\s]/.test(text[at - 1]!) && /[^\s]/.test(text[at + 1] ?? 'x')) {
          to = at;
          break;
        }
      }
      const code = text.charCodeAt(to);
      if (code >= 0xdc00 && code <= 0xdfff) to += 1;
    }
    yield text.slice(from, to);
    from = to;
  }
}
