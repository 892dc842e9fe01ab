/**
 * Writes ONNX models: the few messages of onnx.proto that a graph with constants needs.
 * @source https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */

/** Fields of a message in the order they are written: number, then what it holds. */
type Field = readonly [number, string | bigint | number | Uint8Array | Message | undefined];
type Message = readonly Field[];

/** A float of the wire, which a plain number (an integer) is not. */
class Float {
  constructor(readonly value: number) {}
}

const text = new TextEncoder();

function varint(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return bytes;
}

/** @source https://protobuf.dev/programming-guides/encoding */
function encode(message: readonly (Field | readonly [number, Float])[]): Uint8Array<ArrayBuffer> {
  const parts: (number[] | Uint8Array)[] = [];
  for (const [number, value] of message) {
    if (value === undefined) continue;
    const key = (wire: number): number[] => varint((BigInt(number) << 3n) | BigInt(wire));
    if (value instanceof Float) {
      parts.push(key(5), new Uint8Array(Float32Array.of(value.value).buffer));
    } else if (typeof value === 'number' || typeof value === 'bigint') {
      parts.push([...key(0), ...varint(BigInt(value))]);
    } else {
      const bytes =
        typeof value === 'string' ? text.encode(value) : value instanceof Uint8Array ? value : encode(value);
      parts.push([...key(2), ...varint(BigInt(bytes.length))], bytes);
    }
  }
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const FLOAT = 1;
const INT32 = 6;
const INT64 = 7;
const ELEMENTS = { f32: FLOAT, i32: INT32, i64: INT64 } as const;
export type Element = keyof typeof ELEMENTS;
type Data = Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | BigInt64Array<ArrayBuffer>;

/** Integers are written as ints, other numbers as floats: say `float(2)` where a whole float is meant. */
export type Attribute = number | Float | readonly number[];
export const float = (value: number): Float => new Float(value);

/** Constants of at least so many bytes lie beside the graph, which then stays small. */
const OUTSIDE_BYTES = 1_024;

export interface OnnxModel {
  graph: Uint8Array<ArrayBuffer>;
  /** What the graph refers to by path, for the option `externalData` of a session. */
  externalData: { path: string; data: Uint8Array<ArrayBuffer> }[];
}

/** One ONNX graph in the making; values are known by their names. */
export class OnnxGraph {
  readonly #nodes: Message[] = [];
  readonly #initializers: Message[] = [];
  readonly #inputs: Message[] = [];
  readonly #outputs: Message[] = [];
  readonly #external: OnnxModel['externalData'] = [];
  #names = 0;

  fresh(stem: string): string {
    this.#names += 1;
    return `${stem}_${this.#names}`;
  }

  input(name: string, element: Element, shape: readonly number[]): string {
    this.#inputs.push(valueInfo(name, element, shape));
    return name;
  }

  output(name: string, element: Element, shape: readonly number[]): string {
    this.#outputs.push(valueInfo(name, element, shape));
    return name;
  }

  constant(data: Data, shape: readonly number[], stem = 'constant'): string {
    const name = this.fresh(stem);
    const element = data instanceof Float32Array ? FLOAT : data instanceof Int32Array ? INT32 : INT64;
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const outside = bytes.length >= OUTSIDE_BYTES;
    const entry = (key: string, value: string): Field => [13, [[1, key], [2, value]]]; // oxfmt-ignore
    const where: Field[] = outside
      ? [entry('location', name), entry('offset', '0'), entry('length', String(bytes.length)), [14, 1]]
      : [[9, bytes]];
    if (outside) this.#external.push({ path: name, data: bytes });
    const dims = shape.map((size): Field => [1, size]);
    this.#initializers.push([...dims, [2, element], [8, name], ...where]);
    return name;
  }

  /** A one-dimensional constant of 64-bit integers, as shapes and axes are. */
  ints(...values: number[]): string {
    return this.constant(BigInt64Array.from(values, BigInt), [values.length]);
  }

  /** @returns names of the `count` outputs, or of those given; an empty input or output name is one left out */
  node(
    op: string,
    inputs: readonly string[],
    attributes: Record<string, Attribute> = {},
    options: { domain?: string; outputs?: readonly string[]; count?: number } = {},
  ): string[] {
    const outputs =
      options.outputs ?? Array.from({ length: options.count ?? 1 }, () => this.fresh(op.toLowerCase()));
    this.#nodes.push([
      ...inputs.map((name): Field => [1, name]),
      ...outputs.map((name): Field => [2, name]),
      [3, this.fresh('node')],
      [4, op],
      ...Object.entries(attributes).map(([name, value]): Field => [5, encode(attribute(name, value))]),
      [7, options.domain],
    ]);
    return [...outputs];
  }

  build(): OnnxModel {
    const all = (number: number, messages: readonly Message[]): Field[] =>
      messages.map((message): Field => [number, message]);
    const graph: Message = [
      ...all(1, this.#nodes),
      [2, 'graph'],
      ...all(5, this.#initializers),
      ...all(11, this.#inputs),
      ...all(12, this.#outputs),
    ];
    const bytes = encode([
      [1, 10],
      [2, 'facet-bench'],
      [7, graph],
      [8, [[1, ''], [2, 20]]], // oxfmt-ignore
      [8, [[1, 'com.microsoft'], [2, 1]]], // oxfmt-ignore
    ]);
    return { graph: bytes, externalData: this.#external };
  }
}

function attribute(name: string, value: Attribute): (Field | readonly [number, Float])[] {
  if (value instanceof Float) return [[1, name], [2, value], [20, 1]]; // oxfmt-ignore
  if (typeof value !== 'number')
    return [[1, name], ...value.map((each): Field => [8, each]), [20, 7]]; // oxfmt-ignore
  if (Number.isInteger(value)) return [[1, name], [3, value], [20, 2]]; // oxfmt-ignore
  return [[1, name], [2, new Float(value)], [20, 1]]; // oxfmt-ignore
}

function valueInfo(name: string, element: Element, shape: readonly number[]): Message {
  const dims = shape.map((size): Field => [1, [[1, size]]]);
  return [
    [1, name],
    [2, [[1, [[1, ELEMENTS[element]], [2, dims]]]]], // oxfmt-ignore
  ];
}
