// Of logits = cap(x · W + bias), which are never stored: for each row and group of 16 columns the largest, m, and
// s = sum exp(logit - m), and of each row the logit of its target, if that is a column of this part of the matrix.
// One invocation computes `rows` rows x 16 columns in registers, without workgroup memory or barriers, as matmul_register.
override wg_x: u32 = 4;                                                 // invocations along the columns
override rows: u32 = 8;                                                 // 1 to 8; the compiler drops the rest
override nk: bool = false;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;               // [n_rows, k4]
@group(0) @binding(2) var<storage, read> w: array<W4>;                  // [K, n / 4], or [n, k4] with nk
@group(0) @binding(3) var<storage, read> bias: array<f32>;              // [all columns]
@group(0) @binding(4) var<storage, read> targets: array<u32>;           // [n_rows], among all columns
@group(0) @binding(5) var<storage, read_write> m: array<f32>;           // [n_rows, per_row]
@group(0) @binding(6) var<storage, read_write> s: array<f32>;           // [n_rows, per_row]
@group(0) @binding(7) var<storage, read_write> chosen: array<f32>;      // [n_rows]

fn keep(row: u32, first: u32, sum: mat4x4f) {
  if (row >= dims.n_rows) { return; }
  let logits = logits_of(sum, first);
  let top = largest_of(logits);
  var parts = vec4f(0.0);
  // -inf - -inf must not become NaN.
  for (var c = 0u; c < 4u; c++) {
    parts += select(exp(logits[c] - top), vec4f(0.0), logits[c] == vec4f(dims.neg_inf));
  }
  let at = row * dims.per_row + (dims.column + first) / 16u;
  m[at] = top;
  s[at] = parts.x + parts.y + parts.z + parts.w;
  let wanted = targets[row] - dims.column - first; // huge where it lies before
  if (wanted < 16u && first + wanted < dims.n) { chosen[row] = logits[wanted / 4u][wanted % 4u]; }
}

@compute @workgroup_size(wg_x)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let col4 = id.x * 4u;
  let row = id.y * rows;
  if (4u * col4 >= dims.n) { return; }
  // Beyond the edge the last row or column is computed again and not kept.
  let last = dims.n_rows - 1u;
  let a = min(vec4u(row) + vec4u(0u, 1u, 2u, 3u), vec4u(last)) * dims.k4;
  let b = min(vec4u(row) + vec4u(4u, 5u, 6u, 7u), vec4u(last)) * dims.k4;
  let at0 = columns(col4 + 0u); let at1 = columns(col4 + 1u);
  let at2 = columns(col4 + 2u); let at3 = columns(col4 + 3u);
  var sum0 = mat4x4f(); var sum1 = mat4x4f(); var sum2 = mat4x4f(); var sum3 = mat4x4f();
  var sum4 = mat4x4f(); var sum5 = mat4x4f(); var sum6 = mat4x4f(); var sum7 = mat4x4f();
  for (var k = 0u; k < dims.k4; k++) {
    let w0 = block_of(at0, k); let w1 = block_of(at1, k); let w2 = block_of(at2, k); let w3 = block_of(at3, k);
    { let v = x[a.x + k]; sum0 += mat4x4f(w0 * v, w1 * v, w2 * v, w3 * v); }
    if (rows > 1u) { let v = x[a.y + k]; sum1 += mat4x4f(w0 * v, w1 * v, w2 * v, w3 * v); }
    if (rows > 2u) { let v = x[a.z + k]; sum2 += mat4x4f(w0 * v, w1 * v, w2 * v, w3 * v); }
    if (rows > 3u) { let v = x[a.w + k]; sum3 += mat4x4f(w0 * v, w1 * v, w2 * v, w3 * v); }
    if (rows > 4u) { let v = x[b.x + k]; sum4 += mat4x4f(w0 * v, w1 * v, w2 * v, w3 * v); }
    if (rows > 5u) { let v = x[b.y + k]; sum5 += mat4x4f(w0 * v, w1 * v, w2 * v, w3 * v); }
    if (rows > 6u) { let v = x[b.z + k]; sum6 += mat4x4f(w0 * v, w1 * v, w2 * v, w3 * v); }
    if (rows > 7u) { let v = x[b.w + k]; sum7 += mat4x4f(w0 * v, w1 * v, w2 * v, w3 * v); }
  }
  // Copied first, so that `keep` is compiled once.
  var sums = array(sum0, sum1, sum2, sum3, sum4, sum5, sum6, sum7);
  for (var r = 0u; r < rows; r++) { keep(row + r, 4u * col4, sums[r]); }
}
