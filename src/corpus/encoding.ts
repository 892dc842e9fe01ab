import chardet from 'chardet';

/** Labels of the WHATWG encoding standard, for a menu. */
export const ENCODINGS: readonly string[] = [
  'utf-8',
  'utf-16le',
  'utf-16be',
  'windows-1252',
  'windows-1250',
  'windows-1251',
  'windows-1253',
  'windows-1254',
  'windows-1255',
  'windows-1256',
  'iso-8859-2',
  'iso-8859-15',
  'koi8-r',
  'macintosh',
  'shift_jis',
  'euc-jp',
  'iso-2022-jp',
  'gb18030',
  'big5',
  'euc-kr',
];

/** Bytes that a statistical guess is made of; more make it slower and no better. */
const SAMPLE = 65_536;
/** A guess between languages of Europe is weak in a short text; then it is the commonest, unless another is far ahead. */
const MARGIN = 20;

/**
 * How a text is encoded: by its byte order mark, by being valid UTF-8, else by what its bytes are most like.
 * @param head of the file; @param cut whether it goes on, so that the last character may be incomplete
 */
export function detectEncoding(head: Uint8Array, cut: boolean): string {
  if (startsWith(head, 0xef, 0xbb, 0xbf)) return 'utf-8';
  if (startsWith(head, 0xff, 0xfe)) return 'utf-16le';
  if (startsWith(head, 0xfe, 0xff)) return 'utf-16be';
  const wide = zeroParity(head.subarray(0, SAMPLE));
  if (wide) return wide;
  const { good, bad, first } = utf8Sequences(head, cut);
  // A few broken bytes do not make it another encoding: characters of those are valid UTF-8 only by chance.
  if (bad === 0 ? good > 0 || first < 0 : good > 2 * bad) return 'utf-8';
  const start = Math.max(0, first - 1000);
  const matches = chardet
    .analyse(head.subarray(start, start + SAMPLE))
    .filter(({ name }) => !/^(?:ASCII|UTF-8)$/.test(name) && known(name));
  const western = matches.find(({ name }) => /^(?:ISO-8859-1|windows-1252)$/i.test(name));
  const [best] = matches;
  if (!best || (western && western.confidence + MARGIN >= best.confidence)) return 'windows-1252';
  return known(best.name)!;
}

/** Label of an encoding this browser decodes. */
export function known(name: string | null): string | undefined {
  try {
    const label = name ? new TextDecoder(name).encoding : undefined;
    return label === 'replacement' || label === 'x-user-defined' ? undefined : label;
  } catch {
    return undefined;
  }
}

const startsWith = (bytes: Uint8Array, ...mark: number[]): boolean =>
  mark.every((byte, i) => bytes[i] === byte);

/** UTF-16 without a mark: in most languages every other byte of many is zero, and none of the others. */
function zeroParity(bytes: Uint8Array): string | undefined {
  const zeros = [0, 0];
  for (let i = 0; i < bytes.length; i++) if (bytes[i] === 0) zeros[i % 2]!++;
  const [even, odd] = zeros as [number, number];
  const many = bytes.length / 8;
  if (odd > many && even < odd / 100) return 'utf-16le';
  if (even > many && odd < even / 100) return 'utf-16be';
  return undefined;
}

/** Characters of several bytes, bytes that are none of UTF-8, and where the first of these is (−1: nowhere). */
function utf8Sequences(bytes: Uint8Array, cut: boolean): { good: number; bad: number; first: number } {
  let good = 0;
  let bad = 0;
  let first = -1;
  for (let i = 0; i < bytes.length;) {
    const lead = bytes[i]!;
    if (lead < 0x80) {
      i++;
      continue;
    }
    const more =
      lead >= 0xc2 && lead < 0xe0 ? 1 : lead >= 0xe0 && lead < 0xf0 ? 2 : lead >= 0xf0 && lead < 0xf5 ? 3 : 0;
    let found = 0;
    while (found < more && (bytes[i + 1 + found]! & 0xc0) === 0x80) found++;
    if (more > 0 && found === more) good++;
    else if (!(cut && more > 0 && i + 1 + found >= bytes.length)) {
      bad++;
      if (first < 0) first = i;
    }
    i += 1 + found;
  }
  return { good, bad, first };
}
