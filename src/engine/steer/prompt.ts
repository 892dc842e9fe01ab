import * as v from 'valibot';
import { renderChat } from '../../model/chat-template.ts';
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
  /** Rows at the front that stay when the context is full: what is read before a text, or a template begins with. */
  prefix: number;
}

const MOST_MESSAGES = 200;
const promptSchema = v.variant('kind', [
  v.object({ kind: v.literal('text'), text: v.string() }),
  v.object({
    kind: v.literal('chat'),
    messages: v.pipe(
      v.array(v.object({ role: v.picklist(['system', 'user', 'assistant']), content: v.string() })),
      v.minLength(1),
      v.maxLength(MOST_MESSAGES),
    ),
  }),
]);

/**
 * All rows of a prompt, however long.
 * @param prompt not trusted
 * @throws FacetError `bad-input` for an empty one, or one the template refuses; `unsupported` without a template
 */
export async function readPrompt({ opened, split }: Session, prompt: Prompt): Promise<PromptRows> {
  const checked = v.safeParse(promptSchema, prompt);
  if (!checked.success)
    throw new FacetError('bad-input', `The prompt cannot be read: ${checked.issues[0].message}`);
  const { tokenizer } = opened;
  if (prompt.kind === 'text') {
    const { prefix } = opened;
    return asRows([...prefix, ...split(prompt.text).tokens], prefix.length);
  }
  const { chatTemplate, specialTexts, bosId } = tokenizer;
  if (chatTemplate === undefined)
    throw new FacetError('unsupported', 'This model has no chat template.', {
      hint: 'Write the conversation as text.',
    });
  const { tokens } = tokenizer.tokenize(await renderChat(chatTemplate, prompt.messages, specialTexts), {
    specials: 'tokens',
  });
  return asRows(tokens, tokens[0] !== undefined && tokens[0].id === bosId ? 1 : 0);
}

function asRows(tokens: Token[], prefix: number): PromptRows {
  if (tokens.length === 0) {
    throw new FacetError('bad-input', 'There is no text to continue.', {
      hint: 'This model reads no beginning-of-text token before a text, so it needs at least one token.',
    });
  }
  return {
    tokens,
    ids: Uint32Array.from(tokens, ({ id }) => id),
    special: tokens.map(({ special }) => special),
    prefix,
  };
}

export function describePrompting({ opened: { tokenizer } }: Session): Promise<Prompting> {
  return Promise.resolve({ chat: tokenizer.chatTemplate !== undefined, ends: [...tokenizer.endIds] });
}
