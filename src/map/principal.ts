/** Rounds of subspace iteration: the picture only begins with this. */
const ROUNDS = 30;
/** Largest coordinate of a beginning, and how far points are nudged so that no two share a spot, as umap-learn does. */
const EXTENT = 10;
const NUDGE = 1e-4;

/**
 * The first two principal components of some rows, scaled for UMAP to begin with: unlike a random beginning, this keeps
 * what is far apart far apart.
 * @param data [n · d] row-major
 * @param random uniform in [0, 1)
 * @returns [n · 2]
 * @source Kobak & Linderman 2021, "Initialization is critical for preserving global data structure"
 */
export function principalPlane(
  data: Float32Array,
  d: number,
  random: () => number,
): Float32Array<ArrayBuffer> {
  const n = data.length / d;
  const covariance = covarianceOf(data, n, d);
  let axes = [0, 1].map(() => Float64Array.from({ length: d }, () => random() - 0.5));
  for (let round = 0; round < ROUNDS; round++)
    axes = orthonormal(axes.map((axis) => times(covariance, axis)));
  const plane = new Float32Array(n * 2);
  let most = 0;
  for (let row = 0; row < n; row++) {
    axes.forEach((axis, i) => {
      let sum = 0;
      for (let c = 0; c < d; c++) sum += data[row * d + c]! * axis[c]!;
      plane[2 * row + i] = sum;
      most = Math.max(most, Math.abs(sum));
    });
  }
  const scale = most > 0 ? EXTENT / most : 0;
  return plane.map((value) => value * scale + (random() - 0.5) * 2 * NUDGE);
}

function covarianceOf(data: Float32Array, n: number, d: number): Float64Array[] {
  const mean = new Float64Array(d);
  for (let i = 0; i < data.length; i++) mean[i % d]! += data[i]! / n;
  const rows = Array.from({ length: d }, () => new Float64Array(d));
  for (let row = 0; row < n; row++) {
    for (let a = 0; a < d; a++) {
      const value = data[row * d + a]! - mean[a]!;
      for (let b = 0; b <= a; b++) rows[a]![b]! += value * (data[row * d + b]! - mean[b]!);
    }
  }
  rows.forEach((own, a) => own.forEach((value, b) => b < a && (rows[b]![a] = value)));
  return rows;
}

const times = (matrix: readonly Float64Array[], by: Float64Array): Float64Array<ArrayBuffer> =>
  Float64Array.from(matrix, (row) => row.reduce((sum, value, i) => sum + value * by[i]!, 0));

function orthonormal(axes: readonly Float64Array<ArrayBuffer>[]): Float64Array<ArrayBuffer>[] {
  const done: Float64Array<ArrayBuffer>[] = [];
  for (const axis of axes) {
    let rest = axis;
    for (const before of done) {
      const along = rest.reduce((sum, value, i) => sum + value * before[i]!, 0);
      rest = rest.map((value, i) => value - along * before[i]!);
    }
    const length = Math.hypot(...rest);
    done.push(length > 0 ? rest.map((value) => value / length) : rest);
  }
  return done;
}
