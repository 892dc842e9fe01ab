import { spokenText, visibleText } from './visible-text.ts';

/** Text of a token with its whitespace visible; a screen reader hears it in words. */
export function TokenText({ text }: { text: string }) {
  const shown = visibleText(text);
  return (
    <bdi className="token-text">
      {shown === text ? (
        shown || '∅'
      ) : (
        <>
          <span aria-hidden="true">{shown || '∅'}</span>
          <span className="visually-hidden">{spokenText(text)}</span>
        </>
      )}
    </bdi>
  );
}
