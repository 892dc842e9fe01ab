// y[r,:] = x[r,:] / scale * gain,  scale[r] = sqrt(mean(x²) + eps). One invocation per row. Rows may be the heads inside a
// wider matrix: row r is head r % heads of token r / heads; y is always dense.
// Source: Zhang & Sennrich 2019, arXiv:1910.07467; LlamaRMSNorm of transformers.
override wg: u32 = 16;
struct Dims { n_rows: u32, d4: u32, heads: u32, stride4: u32, start4: u32, eps: f32 } // d4 = d / 4, in vec4s
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;               // rows of stride4
@group(0) @binding(2) var<storage, read> gain: array<vec4f>;            // [d4]
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;         // [n_rows, d4]
@group(0) @binding(4) var<storage, read_write> scale: array<f32>;       // [n_rows]

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x;
  if (row >= dims.n_rows) { return; }
  let start = row / dims.heads * dims.stride4 + dims.start4 + row % dims.heads * dims.d4;
  // Rows are divided by their largest entry first: squares of what f32 holds must not overflow.
  var top = vec4f(0.0);
  for (var i = 0u; i < dims.d4; i++) { top = max(top, abs(x[start + i])); }
  let unit = max(max(max(top.x, top.y), max(top.z, top.w)), 1.0);
  var squares = vec4f(0.0);
  for (var i = 0u; i < dims.d4; i++) {
    let v = x[start + i] / unit;
    squares += v * v;
  }
  let mean = dot(squares, vec4f(1.0)) / f32(dims.d4 * 4u);
  let s = unit * sqrt(mean + dims.eps / unit / unit);
  scale[row] = s;
  for (var i = 0u; i < dims.d4; i++) { y[row * dims.d4 + i] = x[start + i] / s * gain[i]; }
}
