import type { Token } from '../../model/tokenizer.ts';
import { FacetError } from '../../shared/errors.ts';
import type { Prompt, Prompting } from '../protocol.ts';
import type { Session } from '../session.ts';

/** A prompt as rows: prefix first. */
export interface PromptRows {
  tokens: Token[];
  ids: Uint32Array<ArrayBuffer>;
  /** [T] it is not text. */
  special: boolean[];
  prefix: number;
}

/** All rows of a prompt, however long. @throws FacetError `bad-input` for an empty one, `unsupported` without a template */
export function readPrompt({ opened, split }: Session, prompt: Prompt): PromptRows {
  if (prompt.kind !== 'text') throw new FacetError('unsupported', 'This model has no chat template.');
  const prefix = opened.prefix;
  const tokens = [...prefix, ...split(prompt.text).tokens];
  return {
    tokens,
    ids: Uint32Array.from(tokens, ({ id }) => id),
    special: tokens.map((token) => token.special),
    prefix: prefix.length,
  };
}

export function describePrompting(_session: Session): Promise<Prompting> {
  return Promise.resolve({ chat: false, ends: [] });
}
