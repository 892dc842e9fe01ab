export interface Line {
  /** From 1. */
  line: number;
  text: string;
  /** UTF-16 units of a line that is longer than wanted; its text is empty. */
  tooLong?: number;
}

/** Lines of a text that arrives in pieces. Of one that is too long nothing is kept. */
export class LineSplitter {
  #line = 0;
  #held = '';
  #dropped = 0;

  /** @param most UTF-16 units of a line */
  constructor(private readonly most: number) {}

  *feed(text: string, last: boolean): Generator<Line> {
    let start = 0;
    for (let end; (end = text.indexOf('\n', start)) >= 0; start = end + 1) {
      this.#hold(text.slice(start, end));
      yield this.#take();
    }
    this.#hold(text.slice(start));
    if (last && (this.#held !== '' || this.#dropped > 0)) yield this.#take();
  }

  #hold(piece: string): void {
    if (this.#dropped > 0) this.#dropped += piece.length;
    else if (this.#held.length + piece.length > this.most) {
      this.#dropped = this.#held.length + piece.length;
      this.#held = '';
    } else this.#held += piece;
  }

  #take(): Line {
    const taken: Line = { line: ++this.#line, text: this.#held };
    if (this.#dropped > 0) taken.tooLong = this.#dropped;
    this.#held = '';
    this.#dropped = 0;
    return taken;
  }
}

/** Why a line or text of so many units is skipped. */
export function tooLong(units: number, most: number): string {
  const count = new Intl.NumberFormat('en');
  return `${count.format(units)} characters; at most ${count.format(most)} are read as one`;
}
