import { expect, test } from 'vitest';
import { float, OnnxGraph } from './onnx.ts';

type Read = { field: number; value: bigint | Uint8Array }[];

/** Fields of a message as they come. */
function read(bytes: Uint8Array): Read {
  const found: Read = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const key = Number(varint());
    const length = key % 8 === 0 ? 0 : key % 8 === 5 ? 4 : Number(varint());
    const value = key % 8 === 0 ? varint() : bytes.slice(at, at + length);
    at += length;
    found.push({ field: key >> 3, value });
  }
  return found;
}

const all = (message: Read, field: number): (bigint | Uint8Array)[] =>
  message.filter((each) => each.field === field).map(({ value }) => value);
const inside = (message: Read, field: number): Read[] =>
  all(message, field).map((value) => read(value as Uint8Array));
const strings = (message: Read, field: number): string[] =>
  all(message, field).map((value) => new TextDecoder().decode(value as Uint8Array));

test('a graph reads back field by field', () => {
  const graph = new OnnxGraph();
  graph.input('x', 'f32', [1, 300]);
  const small = graph.constant(Float32Array.of(1.5), [1]);
  const large = graph.constant(new Float32Array(300).fill(2), [300, 1], 'weights');
  const [product] = graph.node('MatMul', ['x', large]);
  const attributes = { alpha: float(2), axis: -1, perm: [0, 1] };
  const options = { domain: 'com.microsoft', outputs: [graph.output('y', 'f32', [1, 1])] };
  graph.node('Scale', [product!, '', small], attributes, options);
  const { graph: bytes, externalData } = graph.build();

  const model = read(bytes);
  expect(inside(model, 8).map((opset) => [strings(opset, 1)[0], all(opset, 2)[0]])).toEqual([
    ['', 20n],
    ['com.microsoft', 1n],
  ]);
  const made = inside(model, 7)[0]!;
  const [matmul, scale] = inside(made, 1);
  expect([strings(matmul!, 4), strings(matmul!, 1), strings(matmul!, 2)]).toEqual([
    ['MatMul'],
    ['x', large],
    [product],
  ]);
  expect([strings(scale!, 1), strings(scale!, 2), strings(scale!, 7)]).toEqual([
    [product, '', small],
    ['y'],
    ['com.microsoft'],
  ]);
  const [alpha, axis, perm] = inside(scale!, 5);
  expect(new DataView((all(alpha!, 2)[0] as Uint8Array).buffer).getFloat32(0, true)).toBe(2);
  expect([all(axis!, 3), all(axis!, 20)]).toEqual([[2n ** 64n - 1n], [2n]]);
  expect([all(perm!, 8), all(perm!, 20)]).toEqual([[0n, 1n], [7n]]);

  const [inline, outside] = inside(made, 5);
  expect(new Float32Array((all(inline!, 9)[0] as Uint8Array).buffer)).toEqual(Float32Array.of(1.5));
  expect([all(outside!, 1), all(outside!, 14), all(outside!, 9)]).toEqual([[300n, 1n], [1n], []]);
  expect(inside(outside!, 13).map((entry) => [strings(entry, 1)[0], strings(entry, 2)[0]])).toEqual([
    ['location', large],
    ['offset', '0'],
    ['length', '1200'],
  ]);
  expect(externalData).toEqual([{ path: large, data: new Uint8Array(new Float32Array(300).fill(2).buffer) }]);

  const dims = inside(inside(inside(inside(inside(made, 12)[0]!, 2)[0]!, 1)[0]!, 2)[0]!, 1);
  expect(dims.map((dim) => all(dim, 1)[0])).toEqual([1n, 1n]);
});
