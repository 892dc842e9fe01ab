// y = activation(x · W + bias) + residual, W stored [K, N] (GPT-2's Conv1D) or, with `nk`, [N, K] (torch Linear, the tied
// unembedding). One invocation computes `rows` rows × 16 columns in registers, without workgroup memory or barriers:
// right for adapters that run on the processor, where barriers cost more than reading twice.
override wg_x: u32 = 4;                                                 // invocations along N
override rows: u32 = 8;                                                 // 1 to 8; the compiler drops the rest
override nk: bool = false;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;               // [n_rows, k4]
@group(0) @binding(2) var<storage, read> w: array<W4>;                  // [K, n / 4], or [n, k4] with nk
@group(0) @binding(3) var<storage, read> bias: array<f32>;              // [width]
@group(0) @binding(4) var<storage, read> residual: array<f32>;          // [n_rows, width]
@group(0) @binding(5) var<storage, read_write> y: array<f32>;           // [n_rows, width]

@compute @workgroup_size(wg_x)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let col4 = id.x * 4u;
  let row = id.y * rows;
  if (4u * col4 >= dims.n) { return; }
  // Beyond the edge the last row or column is computed again and not stored.
  let last = dims.n_rows - 1u;
  let from0 = min(row + 0u, last) * dims.k4;
  let from1 = min(row + 1u, last) * dims.k4;
  let from2 = min(row + 2u, last) * dims.k4;
  let from3 = min(row + 3u, last) * dims.k4;
  let from4 = min(row + 4u, last) * dims.k4;
  let from5 = min(row + 5u, last) * dims.k4;
  let from6 = min(row + 6u, last) * dims.k4;
  let from7 = min(row + 7u, last) * dims.k4;
  let at0 = columns(col4 + 0u); let at1 = columns(col4 + 1u);
  let at2 = columns(col4 + 2u); let at3 = columns(col4 + 3u);
  var sum0 = mat4x4f(); var sum1 = mat4x4f(); var sum2 = mat4x4f(); var sum3 = mat4x4f();
  var sum4 = mat4x4f(); var sum5 = mat4x4f(); var sum6 = mat4x4f(); var sum7 = mat4x4f();
  for (var k = 0u; k < dims.k4; k++) {
    let w0 = block_of(at0, k); let w1 = block_of(at1, k); let w2 = block_of(at2, k); let w3 = block_of(at3, k);
    { let v = x[from0 + k]; sum0 += mat4x4f(w0 * v, w1 * v, w2 * v, w3 * v); }
    if (rows > 1u) { let v = x[from1 + k]; sum1 += mat4x4f(w0 * v, w1 * v, w2 * v, w3 * v); }
    if (rows > 2u) { let v = x[from2 + k]; sum2 += mat4x4f(w0 * v, w1 * v, w2 * v, w3 * v); }
    if (rows > 3u) { let v = x[from3 + k]; sum3 += mat4x4f(w0 * v, w1 * v, w2 * v, w3 * v); }
    if (rows > 4u) { let v = x[from4 + k]; sum4 += mat4x4f(w0 * v, w1 * v, w2 * v, w3 * v); }
    if (rows > 5u) { let v = x[from5 + k]; sum5 += mat4x4f(w0 * v, w1 * v, w2 * v, w3 * v); }
    if (rows > 6u) { let v = x[from6 + k]; sum6 += mat4x4f(w0 * v, w1 * v, w2 * v, w3 * v); }
    if (rows > 7u) { let v = x[from7 + k]; sum7 += mat4x4f(w0 * v, w1 * v, w2 * v, w3 * v); }
  }
  // Copied first, so that finishing is compiled once and not for each of the 32.
  var sums = array(sum0, sum1, sum2, sum3, sum4, sum5, sum6, sum7);
  for (var r = 0u; r < rows; r++) {
    for (var c = 0u; c < 4u; c++) { store(row + r, col4 + c, sums[r][c]); }
  }
}
