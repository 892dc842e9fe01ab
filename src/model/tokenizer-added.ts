import { AlignedText } from './tokenizer-align.ts';

/** An entry of `added_tokens` in tokenizer.json. */
export interface AddedToken {
  id: number;
  content: string;
  /** Means something to the model besides its text, as `<|endoftext|>` does. */
  special: boolean;
  /** Looked for in the normalised text, with its content normalised alike; otherwise in the text as given. */
  normalized: boolean;
  single_word: boolean;
  lstrip: boolean;
  rstrip: boolean;
}

interface Node {
  next: Map<number, Node>;
  token?: AddedToken;
}

/** Finds added tokens in a text, the leftmost and among those the longest. */
class Finder {
  readonly #root: Node = { next: new Map() };

  constructor(tokens: Iterable<readonly [string, AddedToken]>) {
    for (const [content, token] of tokens) {
      let node = this.#root;
      for (let i = 0; i < content.length; i++) {
        const unit = content.charCodeAt(i);
        let next = node.next.get(unit);
        if (!next) node.next.set(unit, (next = { next: new Map() }));
        node = next;
      }
      if (node !== this.#root) node.token = token;
    }
  }

  *find(text: string): Iterable<{ from: number; to: number; token: AddedToken }> {
    if (this.#root.next.size === 0) return;
    for (let from = 0; from < text.length;) {
      let node: Node | undefined = this.#root;
      let token: AddedToken | undefined;
      let to = from + 1;
      for (let at = from; at < text.length && (node = node.next.get(text.charCodeAt(at))); at++)
        if (node.token) [token, to] = [node.token, at + 1];
      if (token) yield { from, to, token };
      from = to;
    }
  }
}

/** A stretch of the text that is one added token, or ordinary text already normalised. */
export interface Section {
  text: AlignedText;
  token?: AddedToken;
}

/**
 * Cuts added tokens out of a text: first those looked for in the text as given, then, in what is between them once
 * normalised, the others.
 * @source huggingface/tokenizers 0.22, added_vocabulary.rs, extract_and_normalize and find_matches
 */
export class AddedTokens {
  readonly #given: Finder;
  readonly #normalized: Finder;
  readonly #normalize: (text: AlignedText) => AlignedText;

  constructor(tokens: readonly AddedToken[], normalize: (text: AlignedText) => AlignedText) {
    this.#normalize = normalize;
    this.#given = new Finder(tokens.filter((t) => !t.normalized).map((t) => [t.content, t]));
    this.#normalized = new Finder(
      tokens.filter((t) => t.normalized).map((t) => [normalize(new AlignedText(t.content)).text, t]),
    );
  }

  /** @param isText whether a special token that was found stays text */
  *sections(text: string, isText: (token: AddedToken) => boolean): Iterable<Section> {
    for (const section of cut(new AlignedText(text), this.#given, isText)) {
      if (section.token) yield section;
      else yield* cut(this.#normalize(section.text), this.#normalized, isText);
    }
  }
}

function* cut(
  aligned: AlignedText,
  finder: Finder,
  isText: (token: AddedToken) => boolean,
): Iterable<Section> {
  const { text } = aligned;
  let reached = 0;
  for (const { token, ...found } of finder.find(text)) {
    let { from, to } = found;
    if (from < reached || isText(token)) continue;
    if (
      token.single_word &&
      (endsInWord(text.slice(Math.max(0, from - 2), from)) || startsWithWord(text.slice(to, to + 2)))
    )
      continue;
    if (token.lstrip) while (from > reached && isSpace(text[from - 1]!)) from -= 1;
    if (token.rstrip) while (to < text.length && isSpace(text[to]!)) to += 1;
    if (from > reached) yield { text: aligned.slice(reached, from) };
    yield { text: aligned.slice(from, to), token };
    reached = to;
  }
  if (reached < text.length) yield { text: reached > 0 ? aligned.slice(reached, text.length) : aligned };
}

const WORD = '[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u200c\\u200d]';
const startsWithWord = (text: string): boolean => new RegExp(`^${WORD}`, 'u').test(text);
const endsInWord = (text: string): boolean => new RegExp(`${WORD}$`, 'u').test(text);
const isSpace = (character: string): boolean => /\p{White_Space}/u.test(character);
