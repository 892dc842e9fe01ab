const POLYNOMIAL = 0x864cfb;

/**
 * CRC-24 of a text's UTF-16 code units as 6 hexadecimal digits. It finds every change of one character, which a hash
 * of this length would only find nearly always.
 * @source polynomial 0x864CFB and start value of RFC 4880, section 6.1
 */
export function checksum(text: string): string {
  let crc = 0xb704ce;
  for (let i = 0; i < text.length; i++) {
    crc ^= text.charCodeAt(i) << 8;
    for (let bit = 0; bit < 16; bit++) {
      crc <<= 1;
      if (crc & 0x1000000) crc ^= 0x1000000 | POLYNOMIAL;
    }
  }
  return (crc & 0xffffff).toString(16).padStart(6, '0');
}
