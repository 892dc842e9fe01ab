import { readSequence } from '../../analysis/search/read-codes.ts';
import type { SparseCodes } from '../../dictionary/codes.ts';
import type { Token } from '../../model/tokenizer.ts';
import type { LoadedDictionary } from '../opened-model.ts';
import type { Session } from '../session.ts';

/** Consecutive tokens of a text that are read at once, each time after what stands before a text. */
export interface TextPart {
  /** Position of the first of them in the text. */
  first: number;
  tokens: readonly Token[];
}

/** A text in windows as long as the context allows. @param prefix rows that are read before each */
export function windowsOf({ opened }: Session, tokens: readonly Token[], prefix: number): TextPart[] {
  const size = Math.max(1, opened.info.nCtx - prefix);
  return Array.from({ length: Math.ceil(tokens.length / size) }, (_, i) => ({
    first: i * size,
    tokens: tokens.slice(i * size, (i + 1) * size),
  }));
}

/** Codes of a window under dictionaries that read the same before a text, in one turn. Its rows begin with the prefix. */
export function readPart(
  session: Session,
  loaded: readonly LoadedDictionary[],
  { tokens }: TextPart,
): Promise<{ codes: SparseCodes[]; prefix: number }> {
  const { opened } = session;
  const dictionaries = loaded.map(({ dictionary }) => dictionary);
  const prefix = opened.prefixFor(dictionaries[0]);
  const ids = Uint32Array.from([...prefix, ...tokens], ({ id }) => id);
  return session.turn(async () => ({
    codes: await readSequence(opened.model, dictionaries, ids),
    prefix: prefix.length,
  }));
}
