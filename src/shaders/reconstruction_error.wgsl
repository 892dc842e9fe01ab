// sums[t] = (|x - x_hat|^2, |x - mean|^2, |x|^2, |x_hat|^2) of row t. One invocation per row, as in layer_norm.
override wg: u32 = 16;
struct Dims { n_rows: u32, d4: u32 }                                    // d4 = d / 4
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;               // [n_rows, d4]
@group(0) @binding(2) var<storage, read> x_hat: array<vec4f>;           // [n_rows, d4]
@group(0) @binding(3) var<storage, read> mean: array<vec4f>;            // [d4]
@group(0) @binding(4) var<storage, read_write> sums: array<vec4f>;      // [n_rows]

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= dims.n_rows) { return; }
  let start = id.x * dims.d4;
  var sum = vec4f(0.0);
  for (var i = 0u; i < dims.d4; i++) {
    let a = x[start + i];
    let b = x_hat[start + i];
    let error = a - b;
    let centred = a - mean[i];
    sum += vec4f(dot(error, error), dot(centred, centred), dot(a, a), dot(b, b));
  }
  sums[id.x] = sum;
}
