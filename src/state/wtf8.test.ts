import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checksum } from './checksum.ts';
import { fromWtf8, toWtf8 } from './wtf8.ts';

test('any string of code units comes back', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 60 }), (units) => {
      const text = String.fromCharCode(...units);
      expect(fromWtf8(toWtf8(text))).toBe(text);
    }),
    { numRuns: 500 },
  );
});

test('well-formed text is plain UTF-8', () => {
  expect([...toWtf8('aé😀')]).toEqual([...new TextEncoder().encode('aé😀')]);
});

test.each([
  [[0xff]],
  [[0xc3]],
  [[0xed, 0xa0]],
  [[0xed, 0xa0, 0x20]],
  // A pair written as two surrogates would be a second way to write one text.
  [[0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]],
])('bytes %j are no text', (bytes) => {
  expect(fromWtf8(Uint8Array.from(bytes))).toBeUndefined();
});

test('the checksum is that of its specification and sees every change of one character', () => {
  // Check value of CRC-24/OPENPGP is over bytes; ours is over 16-bit units, so pairs of bytes make one unit.
  const units = String.fromCharCode(0x3132, 0x3334, 0x3536, 0x3738);
  expect(checksum(units)).toBe(reference([0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38]));
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }),
      fc.nat(),
      fc.integer({ min: 1, max: 0xffff }),
      (text, at, flip) => {
        const i = at % text.length;
        const changed = text.slice(0, i) + String.fromCharCode(text.charCodeAt(i) ^ flip) + text.slice(i + 1);
        expect(checksum(changed)).not.toBe(checksum(text));
      },
    ),
  );
});

function reference(bytes: number[]): string {
  let crc = 0xb704ce;
  for (const byte of bytes) {
    crc ^= byte << 16;
    for (let i = 0; i < 8; i++) {
      crc <<= 1;
      if (crc & 0x1000000) crc ^= 0x1864cfb;
    }
  }
  return (crc & 0xffffff).toString(16).padStart(6, '0');
}
