// norms[f] = |weights[f,:]|. One invocation per row; workgroups that do not fit x go to y.
override wg: u32 = 16;
struct Dims { n_rows: u32, d4: u32 }                                    // d4 = d / 4
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> weights: array<W4>;            // [n_rows, d4]
@group(0) @binding(2) var<storage, read_write> norms: array<f32>;       // [n_rows]

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x + id.y * 65535u * wg;
  if (row >= dims.n_rows) { return; }
  var sum = vec4f(0.0);
  for (var i = 0u; i < dims.d4; i++) {
    let w = w4(weights[row * dims.d4 + i]);
    sum += w * w;
  }
  norms[row] = sqrt(dot(sum, vec4f(1.0)));
}
