// y[t,s] = sum over heads first .. first+count of x[h,t,s] * weights[h,s]; an entry that is the lowest number in one of
// them (a masked score) stays it. One invocation per entry.
override wg: u32 = 64;
struct Dims { n_rows: u32, first: u32, count: u32, lowest: f32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;                 // [n_heads, n_rows, n_rows]
@group(0) @binding(2) var<storage, read> key_weights: array<f32>;       // [n_heads, n_rows]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;           // [n_rows, n_rows]

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let s = id.x;
  let t = id.y;
  if (s >= dims.n_rows) { return; }
  var sum = 0.0;
  var masked = false;
  for (var head = dims.first; head < dims.first + dims.count; head++) {
    let entry = x[(head * dims.n_rows + t) * dims.n_rows + s];
    masked = masked || entry <= dims.lowest;
    sum += entry * key_weights[head * dims.n_rows + s];
  }
  y[t * dims.n_rows + s] = select(sum, dims.lowest, masked);
}
