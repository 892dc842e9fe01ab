import type { ModelTokenizer } from '../../model/tokenizer.ts';
import { recognise, recognisers } from '../../storyworld/recognisers/index.ts';
import type { EffectInfo } from './effect-info.ts';

/** Properties that are counted in generated texts, in the order of everything that is given per effect. */
export const effects: readonly EffectInfo[] = recognisers.map(({ id, title, meaning }) => ({
  id,
  title,
  meaning,
}));

/**
 * Which tokens have which property, seen in the text they make. Special tokens have none, and what stands between two of
 * them is a text of its own.
 * @returns [E][T] 0 or 1
 */
export function markEffects(
  tokenizer: Pick<ModelTokenizer, 'bytes' | 'isSpecial'>,
  ids: ArrayLike<number>,
): Uint8Array[] {
  const marks = effects.map(() => new Uint8Array(ids.length));
  let first = 0;
  for (let at = 0; at <= ids.length; at++) {
    if (at < ids.length && !tokenizer.isSpecial(ids[at]!)) continue;
    const part = Array.from(
      { length: at - first },
      (_, i) => tokenizer.bytes(ids[first + i]!) ?? new Uint8Array(),
    );
    markText(part).forEach((found, effect) => marks[effect]!.set(found, first));
    first = at + 1;
  }
  return marks;
}

function markText(part: readonly Uint8Array[]): Uint8Array[] {
  // A byte a code unit: tokens may end within a character, and all that is looked for is ASCII.
  const text = part.map((bytes) => String.fromCharCode(...bytes)).join('');
  let end = 0;
  const tokens = part.map(({ length }) => ({ start: end, end: (end += length) }));
  return recognise(text, tokens);
}
