export function sliceColumnsReference(
  x: ArrayLike<number>,
  width: number,
  from: number,
  count: number,
): Float64Array {
  const rows = x.length / width;
  return Float64Array.from(
    { length: rows * count },
    (_, i) => x[Math.floor(i / count) * width + from + (i % count)]!,
  );
}
