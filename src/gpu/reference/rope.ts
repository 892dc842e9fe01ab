/** Plain f64 rotation of dense heads [T, heads, dHead]; `table` as in `kernels/rope.ts`. */
export function ropeReference(
  x: ArrayLike<number>,
  table: ArrayLike<number>,
  { heads, dHead, half }: { heads: number; dHead: number; half: number },
): Float64Array {
  return Float64Array.from(x, (value, at) => {
    const i = at % dHead;
    if (i >= 2 * half) return value;
    const t = Math.floor(at / (heads * dHead));
    const [cos, sin] = [0, 1].map((which) => table[2 * (t * half + (i % half)) + which]!) as [number, number];
    return i < half ? value * cos - x[at + half]! * sin : value * cos + x[at - half]! * sin;
  });
}
