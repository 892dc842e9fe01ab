/** What a GGUF file for a test holds; counts and offsets may lie. */
export interface GgufParts {
  magic?: number;
  version?: number;
  /** Texts, lists of texts, or u32 numbers. */
  metadata?: readonly (readonly [string, string | number | readonly string[]])[];
  keyCount?: bigint;
  tensors?: readonly {
    name: string;
    type: number;
    ne: readonly number[];
    offset?: number;
    data?: Uint8Array;
  }[];
  tensorCount?: bigint;
  /** Bytes after the header, before those of the tensors. */
  data?: Uint8Array;
}

/** Writes a GGUF file, right or wrong. */
export function ggufBytes(parts: GgufParts): Uint8Array<ArrayBuffer> {
  const { metadata = [], tensors = [], data = new Uint8Array(0) } = parts;
  const pieces: Buffer[] = [];
  const u32 = (value: number): void => {
    const piece = Buffer.alloc(4);
    piece.writeUInt32LE(value);
    pieces.push(piece);
  };
  const u64 = (value: bigint): void => {
    const piece = Buffer.alloc(8);
    piece.writeBigUInt64LE(value);
    pieces.push(piece);
  };
  const text = (value: string): void => {
    u64(BigInt(Buffer.byteLength(value)));
    pieces.push(Buffer.from(value));
  };
  u32(parts.magic ?? 0x46554747);
  u32(parts.version ?? 3);
  u64(parts.tensorCount ?? BigInt(tensors.length));
  u64(parts.keyCount ?? BigInt(metadata.length));
  for (const [key, value] of metadata) {
    text(key);
    if (typeof value === 'string') {
      u32(8);
      text(value);
    } else if (typeof value === 'number') {
      u32(4);
      u32(value);
    } else {
      u32(9);
      u32(8);
      u64(BigInt(value.length));
      for (const item of value) text(item);
    }
  }
  let offset = data.length;
  for (const tensor of tensors) {
    text(tensor.name);
    u32(tensor.ne.length);
    for (const axis of tensor.ne) u64(BigInt(axis));
    u32(tensor.type);
    u64(BigInt(tensor.offset ?? offset));
    offset += tensor.data?.length ?? 0;
  }
  const header = Buffer.concat(pieces);
  const padding = Buffer.alloc((32 - (header.length % 32)) % 32);
  const contents = tensors.map((tensor) => tensor.data ?? new Uint8Array(0));
  return new Uint8Array(Buffer.concat([header, padding, data, ...contents]));
}
