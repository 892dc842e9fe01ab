import type { RandomAccess } from '../library/random-access.ts';
import type { TestRandom } from './random.ts';

const SIZES = [
  0n,
  1n,
  0x7fffffffn,
  0xffffffffn,
  2n ** 32n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 63n - 1n,
  2n ** 64n - 1n,
];

/** A damaged copy of a file, and how it was damaged. Headers, at either end, are hit more often than data. */
export function corrupt(
  bytes: Uint8Array,
  random: TestRandom,
): { bytes: Uint8Array<ArrayBuffer>; how: string } {
  const out = new Uint8Array(bytes);
  const view = new DataView(out.buffer);
  const place = (width: number): number => {
    const most = Math.max(1, out.length - width + 1);
    const near = Math.min(most, random.integer(3) === 0 ? most : 600);
    const at = random.integer(near);
    return random.integer(3) === 0 ? most - 1 - at : at;
  };
  const at = place(8);
  switch (random.integer(6)) {
    case 0: {
      const flips = 1 + random.integer(8);
      for (let i = 0; i < flips; i++) out[place(1)]! ^= 1 << random.integer(8);
      return { bytes: out, how: `${flips} flipped bits` };
    }
    case 1: {
      const length = random.integer(out.length);
      return { bytes: out.slice(0, length), how: `cut to ${length} bytes` };
    }
    case 2: {
      const size =
        random.integer(2) === 0
          ? SIZES[random.integer(SIZES.length)]!
          : BigInt(out.length) - BigInt(random.integer(64)) + 32n;
      view.setBigUint64(at, size, true);
      return { bytes: out, how: `${size} as u64 at ${at}` };
    }
    case 3: {
      const size = Number(SIZES[random.integer(4)]!);
      view.setUint32(at, size, true);
      return { bytes: out, how: `${size} as u32 at ${at}` };
    }
    case 4: {
      const length = 1 + random.integer(40);
      const rest = out.slice(at + length);
      out.set(rest, at);
      return { bytes: out.slice(0, out.length - length), how: `${length} bytes left out at ${at}` };
    }
    default: {
      const from = place(64);
      const piece = out.slice(from, from + 1 + random.integer(64));
      const longer = new Uint8Array(out.length + piece.length);
      longer.set(out.subarray(0, at));
      longer.set(piece, at);
      longer.set(out.subarray(at), at + piece.length);
      return { bytes: longer, how: `${piece.length} bytes of ${from} put in at ${at}` };
    }
  }
}

const deep = (depth: number): unknown => {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = [value];
  return value;
};
const STRANGE: readonly (() => unknown)[] = [
  () => null,
  () => true,
  () => -1,
  () => 0,
  () => 0.5,
  () => 1e308,
  () => 2 ** 31,
  () => 2 ** 53,
  () => '',
  () => 'x'.repeat(100_000),
  () => '\ud800\0__proto__',
  () => '((((((((a*)*)*)*)*)*)*)*b',
  () => [],
  () => ({}),
  () => [null],
  () => JSON.parse('{"__proto__":{"length":4},"constructor":1}') as unknown,
  () => deep(5000),
  () => Array.from({ length: 10_000 }, () => 7),
];

/** A copy of a JSON value in which one to three places, at any depth, are something else, missing or twice. */
export function mangle(json: unknown, random: TestRandom): { json: unknown; how: string } {
  const copy: unknown = structuredClone(json);
  const how: string[] = [];
  for (let left = 1 + random.integer(3); left > 0; left--) {
    let node = copy as Record<string, unknown>;
    const path: string[] = [];
    for (;;) {
      const keys = Object.keys(node);
      if (keys.length === 0) break;
      const key = keys[random.integer(keys.length)]!;
      path.push(key.slice(0, 20));
      const child = node[key];
      if (
        typeof child === 'object' &&
        child !== null &&
        Object.keys(child).length > 0 &&
        random.integer(4) > 0
      ) {
        node = child as Record<string, unknown>;
        continue;
      }
      const kind = random.integer(STRANGE.length + 2);
      if (kind < STRANGE.length) node[key] = STRANGE[kind]!();
      else if (kind === STRANGE.length) delete node[key];
      else node[`${key}_`] = child;
      how.push(`${path.join('.')} by ${kind}`);
      break;
    }
  }
  return { json: copy, how: how.join(', ') };
}

/** A file that notes the most bytes that were asked for at one time, and refuses ranges outside of it. */
export class WatchedFile implements RandomAccess {
  readonly size: number;
  most = 0;
  #now = 0;

  constructor(private readonly bytes: Uint8Array<ArrayBuffer>) {
    this.size = bytes.length;
  }

  async read(from: number, to: number): Promise<Uint8Array<ArrayBuffer>> {
    if (!(from >= 0 && from <= to && to <= this.size))
      throw new Error(`bytes ${from} to ${to} of ${this.size} were asked for`);
    this.#now += to - from;
    this.most = Math.max(this.most, this.#now);
    await Promise.resolve();
    this.#now -= to - from;
    return this.bytes.slice(from, to);
  }
}
