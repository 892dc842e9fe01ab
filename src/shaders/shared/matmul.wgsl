// What the matmul kernels share beside `weight_blocks.wgsl`: finishing results. They declare `bias`, `residual` and `y`.
struct Dims {
  n_rows: u32, k4: u32, n: u32, has_bias: u32, has_residual: u32, kind: u32, // k4 = K / 4
  cap: f32, width: u32, column: u32, // cap = 0: none; y is `width` wide, and these n columns begin at `column`
}
@group(0) @binding(0) var<uniform> dims: Dims;

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
  // In place: a buffer that is written cannot be bound for reading as well.
  if (dims.has_residual == 2u) { for (var i = 0u; i < count; i++) { value[i] += y[at + i]; } }
  for (var i = 0u; i < count; i++) { y[at + i] = value[i]; }
}
