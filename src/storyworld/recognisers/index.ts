import { code } from './code.ts';
import { marks } from './marks.ts';
import { Passage } from './passage.ts';
import type { Recogniser } from './recogniser.ts';
import { shapes } from './shapes.ts';
import { wordKinds } from './words.ts';

export { Passage } from './passage.ts';
export type { Recogniser } from './recogniser.ts';

/** Every property that is counted in texts; adding one is an entry in one of these files. */
export const recognisers: readonly Recogniser[] = [...shapes, ...marks, ...wordKinds, ...code];

/**
 * Which tokens of a text have which property. A token has it when its first code unit that is not white space (its first
 * code unit, when it is all white space) does, as with labels.
 * @param tokens spans in code units of `text`
 * @returns for each recogniser, one 0 or 1 a token
 */
export function recognise(
  text: string,
  tokens: readonly { start: number; end: number }[],
  chosen: readonly Recogniser[] = recognisers,
): Uint8Array[] {
  const passage = new Passage(text);
  const at = tokens.map(({ start, end }) => {
    const skipped = text.slice(start, end).search(/\S/);
    return start < end ? start + Math.max(0, skipped) : -1;
  });
  return chosen.map((recogniser) => {
    const has = new Uint8Array(text.length);
    for (const [start, end] of recogniser.find(passage)) has.fill(1, start, end);
    return Uint8Array.from(at, (unit) => has[unit] ?? 0);
  });
}
