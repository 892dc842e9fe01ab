/** An array in a golden file: base64 of little-endian f32 values. */
export interface GoldenArray {
  shape: number[];
  b64: string;
}

export function goldenValues({ shape, b64 }: GoldenArray): Float32Array<ArrayBuffer> {
  const text = atob(b64);
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  const values = new Float32Array(bytes.buffer);
  const expected = shape.reduce((product, size) => product * size, 1);
  if (values.length !== expected)
    throw new Error(`golden holds ${values.length} values, its shape says ${expected}`);
  return values;
}
