// y[t,c] = (x[t,c] - mean of x[t,:]) * gain[c], the mean left in unless `centre` is set: a norm without its division.
override wg: u32 = 16;
struct Dims { n_rows: u32, d4: u32, centre: u32 }                       // d4 = d / 4
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;               // [n_rows, d4]
@group(0) @binding(2) var<storage, read> gain: array<vec4f>;            // [d4]
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;         // [n_rows, d4]

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x;
  if (row >= dims.n_rows) { return; }
  let start = row * dims.d4;
  var mean = 0.0;
  if (dims.centre == 1u) {
    var sum = vec4f(0.0);
    for (var i = 0u; i < dims.d4; i++) { sum += x[start + i]; }
    mean = dot(sum, vec4f(1.0)) / f32(dims.d4 * 4u);
  }
  for (var i = 0u; i < dims.d4; i++) { y[start + i] = (x[start + i] - mean) * gain[i]; }
}
