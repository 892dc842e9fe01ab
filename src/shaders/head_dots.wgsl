// dots[h,t] = sum over i of a[t,group of h,i] * b[t,h,i]: each head's row of b against the row of a it shares.
// One invocation per row and head.
override wg: u32 = 64;
struct Dims { n_rows: u32, n_heads: u32, group: u32, d4: u32 }          // group = heads of b per head of a; d4 = d_head / 4
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;               // [n_rows, n_heads / group, d4]
@group(0) @binding(2) var<storage, read> b: array<vec4f>;               // [n_rows, n_heads, d4]
@group(0) @binding(3) var<storage, read_write> dots: array<f32>;        // [n_heads, n_rows]

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let t = id.x;
  let head = id.y;
  if (t >= dims.n_rows) { return; }
  let a_start = (t * (dims.n_heads / dims.group) + head / dims.group) * dims.d4;
  let b_start = (t * dims.n_heads + head) * dims.d4;
  var sum = vec4f(0.0);
  for (var i = 0u; i < dims.d4; i++) { sum += a[a_start + i] * b[b_start + i]; }
  dots[head * dims.n_rows + t] = dot(sum, vec4f(1.0));
}
