// y[t,:] = (x[t,:] - mean) / scale * gain + bias,  scale[t] = sqrt(var + eps), biased variance.
// One invocation per row: rows are short (d_model) and this needs no barrier. A second pass over the centred row
// gives the variance without cancellation, and what rounding left of the mean when it is large.
// Source: Ba et al. 2016, arXiv:1607.06450; torch.nn.LayerNorm.
override wg: u32 = 16;
struct Dims { n_rows: u32, d4: u32, eps: f32 }                          // d4 = d / 4
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;               // [n_rows, d4]
@group(0) @binding(2) var<storage, read> gain: array<vec4f>;            // [d4]
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;            // [d4]
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;         // [n_rows, d4]
@group(0) @binding(5) var<storage, read_write> scale: array<f32>;       // [n_rows]

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x;
  if (row >= dims.n_rows) { return; }
  let start = row * dims.d4;
  let d = f32(dims.d4 * 4u);
  var sum = vec4f(0.0);
  for (var i = 0u; i < dims.d4; i++) { sum += x[start + i]; }
  let mean = dot(sum, vec4f(1.0)) / d;
  var rest = vec4f(0.0);
  var squares = vec4f(0.0);
  for (var i = 0u; i < dims.d4; i++) {
    let centred = x[start + i] - mean;
    rest += centred;
    squares += centred * centred;
  }
  let correction = dot(rest, vec4f(1.0)) / d;
  let s = sqrt(dot(squares, vec4f(1.0)) / d - correction * correction + dims.eps);
  scale[row] = s;
  for (var i = 0u; i < dims.d4; i++) {
    y[start + i] = (x[start + i] - mean - correction) / s * gain[i] + bias[i];
  }
}
