// cosines[f] = rows[f,:] · query / (|rows[f,:]| |query|), 0 when either norm is 0. One invocation per row; each sums
// the query's own norm along the way, which costs less than another pass.
override wg: u32 = 16;
struct Dims { n_rows: u32, d4: u32 }                                    // d4 = d / 4
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> rows: array<W4>;               // [n_rows, d4]
@group(0) @binding(2) var<storage, read> norms: array<f32>;             // [n_rows]
@group(0) @binding(3) var<storage, read> query: array<vec4f>;           // [d4]
@group(0) @binding(4) var<storage, read_write> cosines: array<f32>;     // [n_rows]

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= dims.n_rows) { return; }
  var products = vec4f(0.0);
  var squares = vec4f(0.0);
  for (var i = 0u; i < dims.d4; i++) {
    let q = query[i];
    products += w4(rows[id.x * dims.d4 + i]) * q;
    squares += q * q;
  }
  let scale = norms[id.x] * sqrt(dot(squares, vec4f(1.0)));
  var cosine = 0.0;
  if (scale > 0.0) { cosine = clamp(dot(products, vec4f(1.0)) / scale, -1.0, 1.0); }
  cosines[id.x] = cosine;
}
