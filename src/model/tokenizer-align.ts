/** In place of code units [from, to) of a text stands `content`; from = to inserts. In order and apart. */
export type Edit = readonly [from: number, to: number, content: string];

/**
 * A stretch of a text, perhaps normalised, that knows for each of its code units which code units of the original it
 * stands for. What an edit put in place of several stands for all of them; what it inserted, for none: an empty span.
 */
export class AlignedText {
  readonly text: string;
  readonly #offset: number;
  readonly #starts: Int32Array | undefined;
  readonly #ends: Int32Array | undefined;

  /** @param offset code unit of the original where `text` begins; `starts` and `ends` per code unit once they differ */
  constructor(text: string, offset = 0, starts?: Int32Array, ends?: Int32Array) {
    this.text = text;
    this.#offset = offset;
    this.#starts = starts;
    this.#ends = ends;
  }

  /** Where in the original the character that code unit `at` belongs to begins. */
  start(at: number): number {
    return this.#starts ? this.#starts[at]! : this.#offset + at;
  }

  end(at: number): number {
    return this.#ends ? this.#ends[at]! : this.#offset + at + 1;
  }

  slice(from: number, to: number): AlignedText {
    return new AlignedText(
      this.text.slice(from, to),
      this.#offset + from,
      this.#starts?.subarray(from, to),
      this.#ends?.subarray(from, to),
    );
  }

  /** Another text of the same length, whose code units stand where these stood. */
  withText(text: string): AlignedText {
    return new AlignedText(text, this.#offset, this.#starts, this.#ends);
  }

  edited(edits: readonly Edit[]): AlignedText {
    if (edits.length === 0) return this;
    const length = edits.reduce((sum, [from, to, content]) => sum + content.length - (to - from), 0);
    const starts = new Int32Array(this.text.length + length);
    const ends = new Int32Array(starts.length);
    const parts: string[] = [];
    let read = 0;
    let written = 0;
    const copyUpTo = (to: number): void => {
      parts.push(this.text.slice(read, to));
      for (; read < to; read++, written++) {
        starts[written] = this.start(read);
        ends[written] = this.end(read);
      }
    };
    for (const [from, to, content] of edits) {
      copyUpTo(from);
      const start = from < this.text.length ? this.start(from) : this.end(from - 1);
      const end = to > from ? this.end(to - 1) : start;
      starts.fill(start, written, written + content.length);
      ends.fill(end, written, written + content.length);
      parts.push(content);
      written += content.length;
      read = to;
    }
    copyUpTo(this.text.length);
    return new AlignedText(parts.join(''), 0, starts, ends);
  }

  /** Every `pattern` replaced by `content`, neither of them empty. */
  replaced(pattern: string, content: string): AlignedText {
    if (pattern.length === content.length && pattern.length === 1)
      return this.withText(this.text.replaceAll(pattern, () => content));
    const edits: Edit[] = [];
    for (let at = this.text.indexOf(pattern); at >= 0; at = this.text.indexOf(pattern, at + pattern.length))
      edits.push([at, at + pattern.length, content]);
    return this.edited(edits);
  }

  /** A Unicode normal form. A character and its marks that change together stand for all they came from. */
  normalized(form: 'NFC' | 'NFD' | 'NFKC' | 'NFKD'): AlignedText {
    const whole = this.text.normalize(form);
    if (whole === this.text) return this;
    const edits: Edit[] = [];
    for (const { 0: cluster, index } of this.text.matchAll(form.includes('K') ? COMPATIBLE : CANONICAL)) {
      const content = cluster.normalize(form);
      if (content !== cluster) edits.push([index, index + cluster.length, content]);
    }
    const result = this.edited(edits);
    // A later Unicode may know more characters that join the one before: then all is one.
    return result.text === whole ? result : this.edited([[0, this.text.length, whole]]);
  }
}

/**
 * Stretches whose normal forms, joined, are the normal form of the text: a character, and all after it that can combine
 * with what is before: marks, vowels and finals of Hangul, two vowels of Kirat Rai; half-width forms and compatibility
 * letters that are decomposed into such.
 * @source Unicode Standard Annex 15, quick check value "Maybe"
 */
const CANONICAL = /[^][\p{M}\u1160-\u11ff\u{16d63}\u{16d67}]*/gu;
const COMPATIBLE = /[^][\p{M}\u1160-\u11ff\u{16d63}\u{16d67}\u3131-\u318e\uff9e-\uffdc]*/gu;
