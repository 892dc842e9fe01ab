/** The registers of the first edition; each is one file in `registers/` and one line in its `index.ts`. */
export type RegisterId =
  | 'stories'
  | 'indirect-object'
  | 'greater-than'
  | 'repeats'
  | 'agreement'
  | 'quotes'
  | 'docstrings';

export type LabelValue = string | number | boolean;

/** The variables that produced a piece of text: label name → value. Names are listed in `labels.ts`. */
export type Labels = Record<string, LabelValue>;

/** One generated piece of text, usually a word with its leading space. Spans cover the text without gaps. */
export interface Span {
  /** First UTF-16 code unit in `Item.text`. */
  start: number;
  /** One past the last code unit. */
  end: number;
  labels: Labels;
  /**
   * Surprise of this piece in nats, −ln p(piece | all text before it), under the generator. Present only where it
   * is exact, that is where the text before it fixes everything the choice depended on. 0 = fully determined.
   */
  nats?: number;
}

/** A question the text asks of a model: read `text.slice(0, at)`, predict what comes next. */
export interface Task {
  kind: 'indirect-object' | 'greater-than' | 'repeat' | 'docstring' | 'agreement' | 'quote' | 'bracket';
  /** Code unit where the answer begins (its leading space, if it has one, belongs to the answer). */
  at: number;
  /** Every right continuation, e.g. [' Mary'], or all valid two-digit years for greater-than. */
  correct: string[];
  /** Tempting wrong continuations, e.g. [' John'], or the invalid years. May be empty. */
  wrong: string[];
}

/** One document of the language. */
export interface Item {
  register: RegisterId;
  text: string;
  spans: Span[];
  tasks: Task[];
}
