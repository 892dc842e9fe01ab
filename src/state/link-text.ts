import { fromWtf8, toWtf8 } from './wtf8.ts';

// Characters that survive chat programs and stay readable. The rest is percent-encoded; a space is `+`.
const PLAIN = /[A-Za-z0-9_.~,:;!?/@-]/;

/** A value as part of a fragment. Any string, lone surrogates included; ends in a letter or digit or an escape. */
export function encodeValue(text: string): string {
  const bytes = toWtf8(text);
  const parts: string[] = [];
  bytes.forEach((byte, i) => {
    const character = String.fromCharCode(byte);
    // Programs that find links in text leave out a full stop or a colon at the end.
    const plain = i === bytes.length - 1 ? /[A-Za-z0-9]/ : PLAIN;
    if (plain.test(character)) parts.push(character);
    else if (byte === 0x20) parts.push('+');
    else parts.push(`%${byte.toString(16).toUpperCase().padStart(2, '0')}`);
  });
  return parts.join('');
}

/** @returns `undefined` when an escape is broken or the bytes are not text */
export function decodeValue(encoded: string): string | undefined {
  if (/%(?![0-9A-Fa-f]{2})/.test(encoded)) return undefined;
  const bytes: number[] = [];
  // What a browser or a program did not escape, such as an umlaut, stands for itself.
  for (const byte of toWtf8(encoded)) bytes.push(byte === 0x2b ? 0x20 : byte);
  const out: number[] = [];
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] === 0x25) {
      out.push(Number.parseInt(String.fromCharCode(bytes[i + 1]!, bytes[i + 2]!), 16));
      i += 2;
    } else out.push(bytes[i]!);
  }
  return fromWtf8(Uint8Array.from(out));
}
