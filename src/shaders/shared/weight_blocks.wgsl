// Reading a matrix of weights of either layout in blocks of 4 rows x 4 columns; kernels declare `nk`, `w`, and `dims` with
// n, its columns, and k4 = K / 4.

// Where the four vec4s of a block of columns 4 col4 … 4 col4 + 3 start; the last column stands in for those beyond it.
fn columns(col4: u32) -> vec4u {
  if (nk) { return min(4u * col4 + vec4u(0u, 1u, 2u, 3u), vec4u(dims.n - 1u)) * dims.k4; }
  let n4 = dims.n / 4u;
  return min(col4, n4 - 1u) + vec4u(0u, 1u, 2u, 3u) * n4;
}

// W of those columns at rows 4k … 4k + 3: column i of the matrix is row 4k + i, so that block_of · x[4k …] adds to y.
fn block_of(at: vec4u, k: u32) -> mat4x4f {
  let p = at + k * select(dims.n, 1u, nk);
  let m = mat4x4f(w4(w[p.x]), w4(w[p.y]), w4(w[p.z]), w4(w[p.w]));
  if (nk) { return transpose(m); }
  return m;
}
