/** Whitespace and characters that would draw nothing, or move what follows, as something one can see. */
const MARKS: Record<string, string> = {
  ' ': '·',
  '\n': '↵',
  '\r': '␍',
  '\t': '⇥',
  '\u00a0': '⍽',
  '\u00ad': '[SHY]',
  '\u061c': '[ALM]',
  '\u200b': '[ZWSP]',
  '\u200c': '[ZWNJ]',
  '\u200d': '[ZWJ]',
  '\u200e': '[LRM]',
  '\u200f': '[RLM]',
  '\u2028': '[LS]',
  '\u2029': '[PS]',
  '\u202a': '[LRE]',
  '\u202b': '[RLE]',
  '\u202c': '[PDF]',
  '\u202d': '[LRO]',
  '\u202e': '[RLO]',
  '\u2060': '[WJ]',
  '\u2066': '[LRI]',
  '\u2067': '[RLI]',
  '\u2068': '[FSI]',
  '\u2069': '[PDI]',
  '\ufeff': '[BOM]',
  '\u007f': '␡',
};

const NAMES: Record<string, string> = {
  ' ': 'space',
  '\n': 'newline',
  '\r': 'carriage return',
  '\t': 'tab',
  '\u00a0': 'no-break space',
};

// Controls, format characters, separators other than the plain space, lone surrogates and private use.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Zs}\p{Cs}]/u;

/**
 * Text with every invisible character made visible: space → `·`, newline → `↵`, tab → `⇥`, a control character → its
 * Unicode picture, a lone surrogate or other unseen character → `[U+XXXX]`. Bidirectional controls lose their effect.
 * The result is for display only; it cannot be turned back.
 */
export function visibleText(text: string): string {
  let shown = '';
  for (const character of text) shown += visibleCharacter(character);
  return shown;
}

function visibleCharacter(character: string): string {
  const mark = MARKS[character];
  if (mark !== undefined) return mark;
  const code = character.codePointAt(0)!;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (!UNSEEN.test(character)) return character;
  return `[U+${code.toString(16).toUpperCase().padStart(4, '0')}]`;
}

/** The same for reading at length: plain spaces stay spaces. */
export function readableText(text: string): string {
  return text.split(' ').map(visibleText).join(' ');
}

/**
 * A token's text in words for a screen reader, which skips marks such as `·`: `" the"` → `space the`. The empty
 * string → `empty`.
 */
export function spokenText(text: string): string {
  if (text === '') return 'empty';
  let spoken = '';
  for (const character of text) {
    const name = NAMES[character];
    if (name) spoken += ` ${name} `;
    else spoken += visibleCharacter(character);
  }
  return spoken.replace(/ {2,}/g, ' ').trim();
}
