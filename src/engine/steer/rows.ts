import type { PassRows } from '../../analysis/steering/steering.ts';
import type { Token } from '../../model/tokenizer.ts';
import { FacetError } from '../../shared/errors.ts';
import type { Prompt } from '../protocol.ts';
import type { Session } from '../session.ts';
import { chooseWindow } from '../window.ts';
import { type PromptRows, readPrompt } from './prompt.ts';

/** The part of a prompt that is read at once: T rows, prefix first. */
export interface WindowRows {
  tokens: Token[];
  ids: Uint32Array<ArrayBuffer>;
  /** Which rows they are: of the window, or of the whole conversation, whose window nobody chose. */
  rows: PassRows;
  prefix: number;
  totalTokens: number;
  windowStart: number;
  windowTokens: number;
}

/** The conversation each model read last, which a slider asks about again and again. */
const newest = new WeakMap<object, { messages: string; rows: PromptRows }>();

async function allRows(session: Session, prompt: Prompt): Promise<PromptRows> {
  if (prompt.kind !== 'chat') return readPrompt(session, prompt);
  const messages = JSON.stringify(prompt.messages);
  const known = newest.get(session.opened);
  if (known?.messages === messages) return known.rows;
  const rows = await readPrompt(session, prompt);
  newest.set(session.opened, { messages, rows });
  return rows;
}

/**
 * Rows of a prompt as `Session.read` chooses them; of a conversation the last that fit, since it is its end that counts.
 * @throws FacetError as `readPrompt`
 */
export async function readRows(session: Session, prompt: Prompt, windowStart: number): Promise<WindowRows> {
  const { tokens: all, prefix } = await allRows(session, prompt);
  const totalTokens = all.length - prefix;
  const wanted = prompt.kind === 'chat' ? totalTokens : windowStart;
  const { start, count } = chooseWindow(totalTokens, wanted, session.opened.info.nCtx - prefix);
  const from = prefix + start;
  const dropped = prompt.kind === 'chat' ? start : 0;
  const tokens = [...all.slice(0, prefix), ...all.slice(from, from + count)];
  return {
    tokens,
    ids: Uint32Array.from(tokens, ({ id }) => id),
    rows: {
      rows: tokens.map((_, row) => (row < prefix ? row : row + dropped)),
      special: tokens.map(({ special }) => special),
      promptRows: prompt.kind === 'chat' ? all.length : tokens.length,
    },
    prefix,
    totalTokens,
    windowStart: start,
    windowTokens: count,
  };
}

/**
 * Place of a row among those read; the last when none is asked for, or one that is not read.
 * @throws FacetError `bad-input` for what is no row
 */
export function chosenRow(asked: number | undefined, { rows }: PassRows): number {
  if (asked !== undefined && !(Number.isInteger(asked) && asked >= 0))
    throw new FacetError('bad-input', `There is no row ${asked}; they are counted from 0.`);
  const at = rows.findIndex((row) => row === asked);
  return at < 0 ? rows.length - 1 : at;
}
