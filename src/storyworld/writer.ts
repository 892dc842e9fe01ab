import type { Item, Labels, LabelValue, RegisterId, Span, Task } from './types.ts';

/** Builds an item piece by piece; labels set with `with` hold for every piece until changed. */
export class Writer {
  #text = '';
  readonly #spans: Span[] = [];
  readonly #tasks: Task[] = [];
  readonly #standing: Labels = {};

  constructor(private readonly register: RegisterId) {}

  /** Code units written so far: where the next piece begins. */
  get at(): number {
    return this.#text.length;
  }

  get text(): string {
    return this.#text;
  }

  /** Sets labels that every following piece carries; `undefined` takes one away. */
  with(labels: Record<string, LabelValue | undefined>): this {
    for (const [name, value] of Object.entries(labels)) {
      if (value === undefined) delete this.#standing[name];
      else this.#standing[name] = value;
    }
    return this;
  }

  /** One piece of text with its own labels. @param nats exact surprise, see `Span.nats` */
  add(piece: string, labels: Labels = {}, nats?: number): this {
    const start = this.at;
    this.#text += piece;
    const span: Span = {
      start,
      end: this.at,
      labels: { register: this.register, ...this.#standing, ...labels },
    };
    if (nats !== undefined) span.nats = nats;
    this.#spans.push(span);
    return this;
  }

  /** A run of plain words, each a piece with the same labels; punctuation is its own piece. */
  words(run: string, labels: Labels = {}): this {
    for (const [piece] of run.matchAll(/\s*(?:[A-Za-z]+(?:'[a-z]+)?|\d{1,2}|[^\sA-Za-z\d])|\s+$/g))
      this.add(piece, labels);
    return this;
  }

  task(kind: Task['kind'], correct: string[], wrong: string[] = []): this {
    this.#tasks.push({ kind, at: this.at, correct, wrong });
    return this;
  }

  finish(): Item {
    return { register: this.register, text: this.#text, spans: this.#spans, tasks: this.#tasks };
  }
}
