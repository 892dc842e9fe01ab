/** Rows go to y, then to z in steps of this many, because one axis holds at most 65,535 workgroups. */
export const ROWS_PER_Z = 32_768;

/** Rows of a matrix on the y and z axes of a dispatch; the shader's row is `id.y + id.z * 32768`. */
export function rowGroups(nRows: number): [number, number] {
  return [Math.min(nRows, ROWS_PER_Z), Math.ceil(nRows / ROWS_PER_Z)];
}
