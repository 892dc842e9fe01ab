/**
 * GPT-2's printable stand-ins for bytes: printable Latin-1 characters stand for themselves, the other 68 bytes for the
 * characters from U+0100 on.
 * @source openai/gpt-2 encoder.py, bytes_to_unicode
 */
const byteOfCharacter = new Map<string, number>();
const characterOfByte: string[] = [];
{
  const printable = (byte: number): boolean =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  let next = 256;
  for (let byte = 0; byte < 256; byte++) {
    const character = String.fromCharCode(printable(byte) ? byte : next++);
    byteOfCharacter.set(character, byte);
    characterOfByte.push(character);
  }
}

const encoder = new TextEncoder();

/** UTF-8 of a text, a character of the byte alphabet for each byte. */
export function inByteAlphabet(text: string): string {
  let characters = '';
  for (const byte of encoder.encode(text)) characters += characterOfByte[byte]!;
  return characters;
}

/** Bytes of a token written in the byte alphabet; `undefined` when a character is not in it. */
export function bytesOf(token: string): Uint8Array<ArrayBuffer> | undefined {
  const bytes = new Uint8Array(token.length);
  for (let i = 0; i < token.length; i++) {
    const byte = byteOfCharacter.get(token[i]!);
    if (byte === undefined) return undefined;
    bytes[i] = byte;
  }
  return bytes;
}

/** Text of bytes on their own: what is no whole character is written `\xHH`. */
export function readableBytes(bytes: Uint8Array): string {
  let text = '';
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at);
    if (length > 0) text += new TextDecoder().decode(bytes.subarray(at, at + length));
    else text += `\\x${bytes[at]!.toString(16).padStart(2, '0').toUpperCase()}`;
    at += Math.max(1, length);
  }
  return text;
}

/** Length of the valid UTF-8 sequence that starts at `at`, 0 when there is none. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  const length =
    first < 0x80
      ? 1
      : first >= 0xc2 && first < 0xe0
        ? 2
        : first >= 0xe0 && first < 0xf0
          ? 3
          : first >= 0xf0 && first < 0xf5
            ? 4
            : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(at, at + length));
    return length;
  } catch {
    return 0;
  }
}
