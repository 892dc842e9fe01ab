import type { ModelTokenizer, Token } from '../../model/tokenizer.ts';
import { FacetError } from '../../shared/errors.ts';
import { generate, type Item, type Labels, type RegisterId, registers } from '../../storyworld/index.ts';
import { labelTokens } from '../../storyworld/token-labels.ts';

/**
 * Texts to average over: items 0 … `items` − 1 of a seed, or one text in windows, as long as the context or, in models of
 * many heads, as a layer's patterns fit the memory set aside for them. Row 0 is left out where a score says so.
 */
export type Corpus =
  | { kind: 'storyworld'; seed: number; items: number; registers?: string[] }
  | { kind: 'text'; text: string };

/** How texts are read: what comes first, and how many rows there may be with it. */
export interface Reading {
  tokenizer: ModelTokenizer;
  prefix: readonly Token[];
  /** Rows of a text, the prefix's included. */
  rows: number;
}

/** One text as a model reads it. T rows: those of the prefix, then the text's tokens. */
export interface CorpusText {
  /** Register of a Storyworld item, else `text`. */
  group: string;
  ids: Uint32Array<ArrayBuffer>;
  tokens: readonly Token[];
  /** Rows at the front that are not of the text. */
  prefix: number;
  /** Per row, of a Storyworld item; none for rows of the prefix. */
  labels?: readonly Labels[];
  item?: Item;
}

/** Texts by number, each made when it is asked for. */
export interface OpenCorpus {
  readonly count: number;
  /** Groups the texts may be of. */
  readonly groups: readonly string[];
  text(index: number): CorpusText;
}

const MOST_ITEMS = 100_000;
/** A text needs a query and a token before it. */
const FEWEST_ROWS = 2;

/**
 * Every analysis over many texts reads them through this. Items longer than a window are cut; a long text gives windows
 * one after the other.
 * @throws FacetError `bad-input` for a number out of range, an unknown register or a text without tokens
 */
export function openCorpus(corpus: Corpus, reading: Reading): OpenCorpus {
  return corpus.kind === 'text' ? openText(corpus.text, reading) : openStoryworld(corpus, reading);
}

function openStoryworld(
  { seed, items, registers: chosen }: Extract<Corpus, { kind: 'storyworld' }>,
  reading: Reading,
): OpenCorpus {
  const known: readonly string[] = registers.map(({ id }) => id);
  const unknown = chosen?.find((id) => !known.includes(id));
  if (unknown !== undefined)
    throw new FacetError('bad-input', `Storyworld has no register "${unknown.slice(0, 40)}".`, {
      hint: `Its registers are ${known.join(', ')}.`,
    });
  if (!Number.isInteger(items) || items < 1 || items > MOST_ITEMS)
    throw new FacetError('bad-input', `The number of items must be a whole number from 1 to ${MOST_ITEMS}.`);
  const groups = chosen && chosen.length > 0 ? [...new Set(chosen)] : known;
  const options = { registers: groups as readonly RegisterId[] };
  generate(seed, 0, options); // refuses a bad seed before anything is run
  return {
    count: items,
    groups,
    text(index) {
      const item = generate(seed, index, options);
      const all = reading.tokenizer.tokenize(item.text).tokens;
      const text = withPrefix(reading, item.register, all.slice(0, roomOf(reading)));
      const labels = labelTokens(item, text.tokens.slice(text.prefix));
      return { ...text, item, labels: [...Array.from({ length: text.prefix }, () => ({})), ...labels] };
    },
  };
}

function openText(text: string, reading: Reading): OpenCorpus {
  const { tokens } = reading.tokenizer.tokenize(text);
  const room = roomOf(reading);
  const { length: first } = reading.prefix;
  if (tokens.length + first < FEWEST_ROWS)
    throw new FacetError('bad-input', 'There is too little text to average over.', {
      hint: 'Give at least two words.',
    });
  // A rest too short to say anything is left out.
  const count = Math.ceil(tokens.length / room);
  const rest = tokens.length - (count - 1) * room;
  return {
    count: rest + first < FEWEST_ROWS ? count - 1 : count,
    groups: ['text'],
    text: (index) => withPrefix(reading, 'text', tokens.slice(index * room, (index + 1) * room)),
  };
}

function roomOf({ rows, prefix }: Reading): number {
  return Math.max(1, rows - prefix.length);
}

function withPrefix({ prefix }: Reading, group: string, own: readonly Token[]): CorpusText {
  const tokens = [...prefix, ...own];
  return { group, tokens, ids: Uint32Array.from(tokens, ({ id }) => id), prefix: prefix.length };
}
