import type { ModelTokenizer, Token } from '../model/tokenizer.ts';
import { FacetError } from '../shared/errors.ts';
import type { FetchContext } from './files.ts';
import type { Gate } from './gate.ts';
import type { OpenedModelState } from './opened-model.ts';
import type { Progress, TextWindow, Ticket } from './protocol.ts';
import { chooseWindow } from './window.ts';

/** What one call of the page works with. */
export interface Session {
  readonly opened: OpenedModelState;
  readonly signal: AbortSignal;
  /** For dictionaries that must be fetched. */
  readonly context: FetchContext;
  /** Runs GPU work in turn; long jobs take a turn per piece, so that a reading is never kept waiting. */
  readonly turn: <Result>(work: () => Promise<Result>) => Promise<Result>;
  /** The part of a text that is read, as `analyze` chooses it. @throws FacetError `bad-input` for an empty one */
  read(request: TextWindow): ReadText;
  /** Tokens of a text, without what is read before it. */
  readonly split: (text: string) => ReturnType<ModelTokenizer['tokenize']>;
}

/** Runs one call of the page in a session of its own. */
export type WithSession = <Result>(
  ticket: Ticket,
  onProgress: (progress: Progress) => void,
  work: (session: Session) => Promise<Result>,
) => Promise<Result>;

export interface ReadText {
  /** [T] prefix rows included. */
  tokens: Token[];
  ids: Uint32Array<ArrayBuffer>;
  /** Rows at the front that are not of the text. */
  prefix: number;
  totalTokens: number;
  windowStart: number;
  windowTokens: number;
}

export function makeSession(
  opened: OpenedModelState,
  gate: Gate,
  context: FetchContext,
  split: (text: string) => ReturnType<ModelTokenizer['tokenize']>,
): Session {
  return {
    opened,
    signal: context.signal,
    context,
    turn: (work) => gate.run(context.signal, work),
    split,
    read: (request) => readWindow(opened, split(request.text).tokens, request.windowStart),
  };
}

/** Prefix and the window of a text's tokens. @throws FacetError `bad-input` when there is nothing to read */
export function readWindow(
  { info, prefix }: OpenedModelState,
  all: readonly Token[],
  windowStart: number,
): ReadText {
  const { start, count } = chooseWindow(all.length, windowStart, info.nCtx - prefix.length);
  const tokens = [...prefix, ...all.slice(start, start + count)];
  if (tokens.length === 0) {
    throw new FacetError('bad-input', 'There is no text to read.', {
      hint: 'This model reads no beginning-of-text token before a text, so it needs at least one token.',
    });
  }
  const ids = Uint32Array.from(tokens, ({ id }) => id);
  return {
    tokens,
    ids,
    prefix: prefix.length,
    totalTokens: all.length,
    windowStart: start,
    windowTokens: count,
  };
}
