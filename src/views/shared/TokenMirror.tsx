import type { Ref } from 'react';
import type { TokenizedWindow } from '../../engine/protocol.ts';

/** Longer texts are shown without boundaries: thousands of boxes behind a text box help nobody. */
const MOST_CHARACTERS = 5_000;

/**
 * The text again, behind the text box and unseen but for the boxes of its tokens, so that boundaries stand under the
 * characters as they are typed. Offsets may be those of the text before the last key; they catch up at once.
 */
export function TokenMirror({
  ref,
  text,
  tokenized,
}: {
  ref: Ref<HTMLDivElement>;
  text: string;
  tokenized?: TokenizedWindow;
}) {
  if (!tokenized || text.length > MOST_CHARACTERS) return <div ref={ref} className="prompt prompt-mirror" />;
  // Tokens that share a character are one box: the strip below shows them apart.
  const whole = tokenized.tokens.filter(({ part }) => part === 0);
  const first = whole[0]?.start ?? text.length;
  const last = whole.at(-1)?.end ?? 0;
  return (
    <div ref={ref} className="prompt prompt-mirror" aria-hidden="true">
      {text.slice(0, first)}
      {whole.map(({ start, end }, i) => (
        <span key={start} className={i % 2 === 0 ? 'even' : 'odd'}>
          {text.slice(start, end)}
        </span>
      ))}
      {text.slice(last)}
      {'\u200b'}
    </div>
  );
}
