// mean[c] = average of x[t,c] over from_row <= t < to_row. One invocation: 4 columns.
override wg: u32 = 16;
struct Dims { from_row: u32, to_row: u32, d4: u32 }                     // d4 = d / 4
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;               // [>= to_row, d4]
@group(0) @binding(2) var<storage, read_write> mean: array<vec4f>;      // [d4]

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= dims.d4) { return; }
  let n = f32(dims.to_row - dims.from_row);
  var sum = vec4f(0.0);
  for (var t = dims.from_row; t < dims.to_row; t++) { sum += x[t * dims.d4 + id.x]; }
  // What rounding left of the mean, as in layer_norm.
  let rough = sum / n;
  var rest = vec4f(0.0);
  for (var t = dims.from_row; t < dims.to_row; t++) { rest += x[t * dims.d4 + id.x] - rough; }
  mean[id.x] = rough + rest / n;
}
