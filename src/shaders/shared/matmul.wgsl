// What the matmul kernels share: reading weights of either layout and finishing results. They declare `nk`, `w`, `bias`,
// `residual` and `y`.
struct Dims {
  n_rows: u32, k4: u32, n: u32, has_bias: u32, has_residual: u32, kind: u32, // k4 = K / 4
  cap: f32, width: u32, column: u32, // cap = 0: none; y is `width` wide, and these n columns begin at `column`
}
@group(0) @binding(0) var<uniform> dims: Dims;

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

// Adds the bias, activates, caps, adds the residual, and stores the columns that exist.
fn store(row: u32, col4: u32, sum: vec4f) {
  let first = 4u * col4;
  if (row >= dims.n_rows || first >= dims.n) { return; }
  let count = min(4u, dims.n - first);
  var value = sum;
  if (dims.has_bias == 1u) { for (var i = 0u; i < count; i++) { value[i] += bias[dims.column + first + i]; } }
  value = activate(value, dims.kind);
  if (dims.cap > 0.0) { value = dims.cap * tanh_safe(value / dims.cap); }
  let at = row * dims.width + dims.column + first;
  if (dims.has_residual == 1u) { for (var i = 0u; i < count; i++) { value[i] += residual[at + i]; } }
  for (var i = 0u; i < count; i++) { y[at + i] = value[i]; }
}
