/**
 * Strings of a web page may hold lone surrogates, which UTF-8 cannot carry and `encodeURIComponent` throws on. WTF-8
 * writes them as three bytes like any other code point, so a prompt comes back exactly as it was.
 * @source simonsapin.github.io/wtf-8
 */
export function toWtf8(text: string): Uint8Array<ArrayBuffer> {
  // Well-formed text is the rule, and the native encoder is much faster on it.
  if (!/\p{Surrogate}/u.test(text)) return new TextEncoder().encode(text);
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (code >= 0xd800 && code <= 0xdfff) {
      bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
    } else bytes.push(...new TextEncoder().encode(character));
  }
  return Uint8Array.from(bytes);
}

/** @returns `undefined` when the bytes are not WTF-8 */
export function fromWtf8(bytes: Uint8Array<ArrayBuffer>): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return decodeWithSurrogates(bytes);
  }
}

function decodeWithSurrogates(bytes: Uint8Array<ArrayBuffer>): string | undefined {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let text = '';
  let from = 0;
  try {
    for (let i = 0; i < bytes.length; i++) {
      // 0xED followed by 0xA0…0xBF is a surrogate and never part of another character.
      if (bytes[i] !== 0xed || bytes[i + 1] === undefined || bytes[i + 1]! < 0xa0) continue;
      const last = bytes[i + 2];
      if (bytes[i + 1]! > 0xbf || last === undefined || (last & 0xc0) !== 0x80) return undefined;
      const code = 0xd000 | ((bytes[i + 1]! & 0x3f) << 6) | (last & 0x3f);
      text += decoder.decode(bytes.subarray(from, i)) + String.fromCharCode(code);
      // A pair must have been written as one character: two ways to write a text would make two links for it.
      if (code >= 0xdc00 && i === from && /[\ud800-\udbff]$/.test(text.slice(0, -1))) return undefined;
      from = i + 3;
      i += 2;
    }
    return text + decoder.decode(bytes.subarray(from));
  } catch {
    return undefined;
  }
}
