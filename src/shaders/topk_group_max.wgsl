// m[r,g] = largest of sign * x[r,c] over the columns c of group g; NaN counts as -inf. One invocation per group.
override wg: u32 = 64;
struct Dims { n_rows: u32, n_cols: u32, group: u32, n_groups: u32, sign: f32, neg_inf: f32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;                 // [n_rows, n_cols]
@group(0) @binding(2) var<storage, read_write> m: array<f32>;           // [n_rows, n_groups]

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.y + id.z * 32768u;
  if (id.x >= dims.n_groups || row >= dims.n_rows) { return; }
  let first = id.x * dims.group;
  let start = row * dims.n_cols;
  var largest = dims.neg_inf;
  for (var i = first; i < min(first + dims.group, dims.n_cols); i++) {
    let value = x[start + i] * dims.sign;
    if (value > largest) { largest = value; }
  }
  m[row * dims.n_groups + id.x] = largest;
}
