/** Plain f64 sums of squares per row; see `kernels/reconstruction_error.ts`. */
export function reconstructionErrorReference(
  x: Float32Array,
  xHat: Float32Array,
  mean: Float32Array,
): Float64Array {
  const d = mean.length;
  const sums = new Float64Array((x.length / d) * 4);
  for (let i = 0; i < x.length; i++) {
    const row = Math.floor(i / d) * 4;
    sums[row]! += (x[i]! - xHat[i]!) ** 2;
    sums[row + 1]! += (x[i]! - mean[i % d]!) ** 2;
    sums[row + 2]! += x[i]! ** 2;
    sums[row + 3]! += xHat[i]! ** 2;
  }
  return sums;
}
