export function streamCopyReference(x: ArrayLike<number>): Float64Array {
  return Float64Array.from(x);
}
