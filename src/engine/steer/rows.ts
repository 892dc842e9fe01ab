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
  /** [T] it is not text. */
  special: boolean[];
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
  const tokens = [...all.slice(0, prefix), ...all.slice(from, from + count)];
  return {
    tokens,
    ids: Uint32Array.from(tokens, ({ id }) => id),
    special: tokens.map(({ special }) => special),
    prefix,
    totalTokens,
    windowStart: start,
    windowTokens: count,
  };
}

/** A whole prompt in one pass. */
export function passRows(special: readonly boolean[]): PassRows {
  return { rows: Array.from(special, (_, row) => row), special, promptRows: special.length };
}

/** The last row when none is asked for, or one beyond it. @throws FacetError `bad-input` for what is no row */
export function chosenRow(asked: number | undefined, length: number): number {
  const row = asked ?? length - 1;
  if (Number.isInteger(row) && row >= 0) return Math.min(row, length - 1);
  throw new FacetError('bad-input', `There is no row ${row}; they are counted from 0.`);
}
