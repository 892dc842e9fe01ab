// y = activation(x · Wᵀ + bias) + residual, W stored [N, K] (torch Linear, the tied unembedding); N need not divide by 4.
// One invocation computes ROWS rows × COLS columns in registers; both operands are read four values of K at a time.
const ROWS = 8u;
const COLS = 4u;
override wg_x: u32 = 4;
override wg_y: u32 = 4;
struct Dims { n_rows: u32, k4: u32, n: u32, has_bias: u32, has_residual: u32, kind: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;               // [n_rows, k4]
@group(0) @binding(2) var<storage, read> w: array<W4>;                  // [n, k4]
@group(0) @binding(3) var<storage, read> bias: array<f32>;              // [n]
@group(0) @binding(4) var<storage, read> residual: array<f32>;          // [n_rows, n]
@group(0) @binding(5) var<storage, read_write> y: array<f32>;           // [n_rows, n]

@compute @workgroup_size(wg_x, wg_y)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let col = id.x * COLS;
  let row = id.y * ROWS;
  if (col >= dims.n || row >= dims.n_rows) { return; }
  var start: array<u32, ROWS>;
  for (var r = 0u; r < ROWS; r++) { start[r] = min(row + r, dims.n_rows - 1u) * dims.k4; }
  var at: array<u32, COLS>;
  for (var c = 0u; c < COLS; c++) { at[c] = min(col + c, dims.n - 1u) * dims.k4; }
  var sum: array<f32, ROWS * COLS>;
  for (var k = 0u; k < dims.k4; k++) {
    var b: array<vec4f, COLS>;
    for (var c = 0u; c < COLS; c++) { b[c] = w4(w[at[c] + k]); }
    for (var r = 0u; r < ROWS; r++) {
      let a = x[start[r] + k];
      for (var c = 0u; c < COLS; c++) { sum[r * COLS + c] += dot(a, b[c]); }
    }
  }
  for (var r = 0u; r < ROWS; r++) {
    if (row + r >= dims.n_rows) { break; }
    for (var c = 0u; c < COLS; c++) {
      if (col + c >= dims.n) { break; }
      let place = (row + r) * dims.n + col + c;
      var value = sum[r * COLS + c];
      if (dims.has_bias == 1u) { value += bias[col + c]; }
      value = activate(vec4f(value), dims.kind).x;
      if (dims.has_residual == 1u) { value += residual[place]; }
      y[place] = value;
    }
  }
}
