import { type BlockMask, MOST_BITS, PARTIAL } from '../gpu/block-mask.ts';

/** What a mask is about: the last `nQueries` of `nKeys` tokens look at all of them. */
export interface PairShape {
  nQueries: number;
  nKeys: number;
  /** Absolute position of the first query; key i is at position i. */
  queryOffset: number;
  /** Keys and queries of a block, at most `MOST_BITS`. */
  blockSize: number;
  /** A query sees this many keys at most, itself included, in every pattern; 0: all before it. */
  window: number;
}

/** Which keys each query of one head sees, pair by pair, as bits. Never a key after the query or out of its window. */
export class PairMask {
  readonly words: Uint32Array<ArrayBuffer>;
  /** Words of a row. */
  readonly stride: number;
  /** Blocks of queries and of keys. */
  readonly queryBlocks: number;
  readonly keyBlocks: number;

  constructor(readonly shape: PairShape) {
    this.stride = Math.ceil(shape.nKeys / 32);
    this.words = new Uint32Array(shape.nQueries * this.stride);
    this.queryBlocks = Math.ceil(shape.nQueries / shape.blockSize);
    this.keyBlocks = Math.ceil(shape.nKeys / shape.blockSize);
  }

  /** First key the query of this row may see under any pattern, and one past the last. */
  reach(row: number): [number, number] {
    const { queryOffset, window, nKeys } = this.shape;
    const t = row + queryOffset;
    return [window === 0 ? 0 : Math.max(0, t - window + 1), Math.min(t + 1, nKeys)];
  }

  /** Lets the query of a row see the keys start … end − 1, as far as it may. */
  add(row: number, start: number, end = start + 1): void {
    const [least, most] = this.reach(row);
    const to = Math.min(end, most);
    for (let s = Math.max(start, least); s < to;) {
      const word = s >>> 5;
      const last = Math.min(to, (word + 1) * 32);
      const bits = last - s === 32 ? 0xffff_ffff : ((1 << (last - s)) - 1) << (s & 31);
      this.words[row * this.stride + word]! |= bits;
      s = last;
    }
  }

  /** Lets the queries of a block see a block of keys, as far as they may. */
  addBlock(queryBlock: number, keyBlock: number): void {
    const { blockSize } = this.shape;
    for (const row of this.rowsOf(queryBlock))
      this.add(row, keyBlock * blockSize, (keyBlock + 1) * blockSize);
  }

  /** Takes a block of keys away from the queries of a block. */
  removeBlock(queryBlock: number, keyBlock: number): void {
    const { blockSize, nKeys } = this.shape;
    for (const row of this.rowsOf(queryBlock))
      for (let s = keyBlock * blockSize; s < Math.min((keyBlock + 1) * blockSize, nKeys); s++)
        this.words[row * this.stride + (s >>> 5)]! &= ~(1 << (s & 31));
  }

  has(row: number, s: number): boolean {
    return ((this.words[row * this.stride + (s >>> 5)]! >>> (s & 31)) & 1) === 1;
  }

  /** Keys the query of a row sees, in rising order. */
  *keys(row: number): Generator<number> {
    for (let word = 0; word < this.stride; word++) {
      let bits = this.words[row * this.stride + word]!;
      while (bits !== 0) {
        yield word * 32 + 31 - Math.clz32(bits & -bits);
        bits &= bits - 1;
      }
    }
  }

  /** How many keys the query of a row sees. */
  count(row: number): number {
    let sum = 0;
    for (let word = 0; word < this.stride; word++) sum += ones(this.words[row * this.stride + word]!);
    return sum;
  }

  /** The rows of a block of queries. */
  rowsOf(queryBlock: number): number[] {
    const { blockSize, nQueries } = this.shape;
    const first = queryBlock * blockSize;
    return Array.from({ length: Math.min(blockSize, nQueries - first) }, (_, i) => first + i);
  }

  /** Bit i: the query of a row sees key i of the block. */
  blockRow(row: number, keyBlock: number): number {
    const { blockSize } = this.shape;
    const start = keyBlock * blockSize;
    const [word, shift] = [row * this.stride + (start >>> 5), start & 31];
    const keep = blockSize === 32 ? 0xffff_ffff : (1 << blockSize) - 1;
    let bits = this.words[word]! >>> shift;
    // The rest of the block is in the next word, if the row has one.
    if (shift + blockSize > 32 && (start >>> 5) + 1 < this.stride)
      bits |= this.words[word + 1]! << (32 - shift);
    return (bits & keep) >>> 0;
  }

  /** Blocks of keys that some query of a block sees, in rising order. */
  blocksOf(queryBlock: number): number[] {
    const seen: number[] = [];
    const rows = this.rowsOf(queryBlock);
    for (let block = 0; block < this.keyBlocks; block++)
      if (rows.some((row) => this.blockRow(row, block) !== 0)) seen.push(block);
    return seen;
  }

  /** [queryBlocks, ⌈keyBlocks / 32⌉] Bit i of a row of blocks: some query of it sees a key of block i. */
  blockBits(): Uint32Array<ArrayBuffer> {
    const { blockSize } = this.shape;
    const words = Math.ceil(this.keyBlocks / 32);
    const found = new Uint32Array(this.queryBlocks * words);
    const any = new Uint32Array(this.stride);
    for (let queryBlock = 0; queryBlock < this.queryBlocks; queryBlock++) {
      any.fill(0);
      for (const row of this.rowsOf(queryBlock))
        for (let word = 0; word < this.stride; word++) any[word]! |= this.words[row * this.stride + word]!;
      const [first, last] = reachable(this, queryBlock);
      for (let block = first; block <= last; block++) {
        const [start, end] = [block * blockSize, (block + 1) * blockSize];
        const [word, shift] = [start >>> 5, start & 31];
        let bits = any[word]! >>> shift;
        if (shift + blockSize > 32 && word + 1 < this.stride) bits |= any[word + 1]! << (32 - shift);
        if (end - start < 32) bits &= (1 << blockSize) - 1;
        if (bits !== 0) found[queryBlock * words + (block >>> 5)]! |= 1 << (block & 31);
      }
    }
    return found;
  }

  /** Blocks visited in all. */
  get visited(): number {
    return this.blockBits().reduce((sum, word) => sum + ones(word), 0);
  }

  /** Lets every query also see what it sees in another mask of the same shape. */
  join(other: PairMask): this {
    other.words.forEach((bits, word) => (this.words[word]! |= bits));
    return this;
  }
}

/** How many bits of a word are set. */
export function ones(word: number): number {
  let bits = word - ((word >>> 1) & 0x5555_5555);
  bits = (bits & 0x3333_3333) + ((bits >>> 2) & 0x3333_3333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}

/** A mask from what each row, whose query is at position t, may see. */
export function rowByRow(
  shape: PairShape,
  reads: (mask: PairMask, row: number, t: number) => void,
): PairMask {
  const mask = new PairMask(shape);
  for (let row = 0; row < shape.nQueries; row++) reads(mask, row, row + shape.queryOffset);
  return mask;
}

/** Everything a query may see: dense attention. */
export function everything(shape: PairShape): PairMask {
  return rowByRow(shape, (mask, row) => mask.add(row, 0, shape.nKeys));
}

/** The first block of keys, where sinks are, and the blocks the queries themselves are in. */
export function sinksAndDiagonal(shape: PairShape): PairMask {
  const mask = new PairMask(shape);
  for (let block = 0; block < mask.queryBlocks; block++)
    for (const kept of forced(mask, block)) mask.addBlock(block, kept);
  return mask;
}

/** Of a block of queries: the blocks of keys it can visit, from the first to the last. */
export function reachable(mask: PairMask, queryBlock: number): [number, number] {
  const { blockSize } = mask.shape;
  const rows = mask.rowsOf(queryBlock);
  const [first] = mask.reach(rows[0]!);
  const [, end] = mask.reach(rows.at(-1)!);
  return [Math.floor(first / blockSize), Math.floor((end - 1) / blockSize)];
}

/**
 * Of a block of queries: the blocks of keys it always visits, in rising order. The first block of keys is one of them as
 * long as the window lets a query see the first key.
 */
export function forced(mask: PairMask, queryBlock: number): number[] {
  const { blockSize } = mask.shape;
  const [, last] = reachable(mask, queryBlock);
  const [start] = mask.rowsOf(queryBlock);
  const [firstKey] = mask.reach(start!);
  const own = Math.floor((start! + mask.shape.queryOffset) / blockSize);
  const kept = Array.from({ length: last - own + 1 }, (_, i) => own + i);
  return firstKey === 0 && own > 0 ? [0, ...kept] : kept;
}

/**
 * The masks of a layer's heads as the kernel takes them. Blocks seen whole are full; element masks are written only where
 * causality and the layer's window do not already say the same.
 */
export function joinHeads(masks: readonly PairMask[]): BlockMask {
  const { shape, queryBlocks, keyBlocks } = masks[0]!;
  const { blockSize, window } = shape;
  if (blockSize > MOST_BITS) throw new RangeError(`a block of ${blockSize} has no element masks`);
  const dense = everything(shape);
  const offsets = new Uint32Array(masks.length * queryBlocks + 1);
  const entries: number[] = [];
  const bits: number[] = [];
  let byRule = true;
  masks.forEach((mask, head) => {
    for (let queryBlock = 0; queryBlock < queryBlocks; queryBlock++) {
      const rows = mask.rowsOf(queryBlock);
      for (let block = 0; block < keyBlocks; block++) {
        const words = rows.map((row) => mask.blockRow(row, block));
        if (words.every((word) => word === 0)) continue;
        const keys = Math.min(blockSize, shape.nKeys - block * blockSize);
        const whole = keys === 32 ? 0xffff_ffff : (1 << keys) - 1;
        const full = words.every((word) => word === whole >>> 0);
        byRule &&= full || words.every((word, i) => word === dense.blockRow(rows[i]!, block));
        entries.push(full ? block : (block | PARTIAL) >>> 0);
        for (let i = 0; i < blockSize; i++) bits.push(words[i] ?? 0);
      }
      offsets[head * queryBlocks + queryBlock + 1] = entries.length;
    }
  });
  return {
    blockSize,
    perHead: true,
    offsets,
    entries: Uint32Array.from(entries),
    window,
    sinks: 0,
    ...(byRule ? {} : { bits: Uint32Array.from(bits) }),
  };
}
