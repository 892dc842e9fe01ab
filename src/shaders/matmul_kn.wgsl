// y = activation(x · W + bias) + residual, W stored [K, N] (GPT-2's Conv1D).
// One invocation computes ROWS rows × COLS vec4 columns in registers, without workgroup memory or barriers: each weight
// read serves ROWS rows, each x read COLS vec4 columns. ROWS and COLS are set by the wrapper.
const ROWS = 8u;
const COLS = 4u;
override wg_x: u32 = 4;
override wg_y: u32 = 4;
struct Dims { n_rows: u32, k4: u32, n4: u32, has_bias: u32, has_residual: u32, kind: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;               // [n_rows, k4]
@group(0) @binding(2) var<storage, read> w: array<W4>;                  // [4 k4, n4]
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;            // [n4]
@group(0) @binding(4) var<storage, read> residual: array<vec4f>;        // [n_rows, n4]
@group(0) @binding(5) var<storage, read_write> y: array<vec4f>;         // [n_rows, n4]

@compute @workgroup_size(wg_x, wg_y)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let col = id.x * COLS;
  let row = id.y * ROWS;
  if (col >= dims.n4 || row >= dims.n_rows) { return; }
  // Beyond the edge the last row or column is computed again and not stored.
  var start: array<u32, ROWS>;
  for (var r = 0u; r < ROWS; r++) { start[r] = min(row + r, dims.n_rows - 1u) * dims.k4; }
  var at: array<u32, COLS>;
  for (var c = 0u; c < COLS; c++) { at[c] = min(col + c, dims.n4 - 1u); }
  var sum: array<vec4f, ROWS * COLS>;
  for (var k = 0u; k < dims.k4; k++) {
    var a: array<vec4f, ROWS>;
    for (var r = 0u; r < ROWS; r++) { a[r] = x[start[r] + k]; }
    let base = 4u * k * dims.n4;
    for (var c = 0u; c < COLS; c++) {
      let b0 = w4(w[base + at[c]]);
      let b1 = w4(w[base + dims.n4 + at[c]]);
      let b2 = w4(w[base + 2u * dims.n4 + at[c]]);
      let b3 = w4(w[base + 3u * dims.n4 + at[c]]);
      for (var r = 0u; r < ROWS; r++) {
        sum[r * COLS + c] += a[r].x * b0 + a[r].y * b1 + a[r].z * b2 + a[r].w * b3;
      }
    }
  }
  for (var r = 0u; r < ROWS; r++) {
    if (row + r >= dims.n_rows) { break; }
    for (var c = 0u; c < COLS; c++) {
      if (col + c >= dims.n4) { break; }
      let place = (row + r) * dims.n4 + col + c;
      var value = sum[r * COLS + c];
      if (dims.has_bias == 1u) { value += bias[col + c]; }
      value = activate(value, dims.kind);
      if (dims.has_residual == 1u) { value += residual[place]; }
      y[place] = value;
    }
  }
}
