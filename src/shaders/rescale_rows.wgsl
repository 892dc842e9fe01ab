// y = (x - shift) · in - row before encoding; y = x · out + shift after decoding (`back`). scales: see row_scale.
override wg: u32 = 64;
struct Dims { n_rows: u32, d4: u32, back: u32, has_row: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;               // [n_rows, d4]
@group(0) @binding(2) var<storage, read> scales: array<vec4f>;          // [n_rows]
@group(0) @binding(3) var<storage, read> row: array<vec4f>;             // [d4]
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;         // [n_rows, d4]

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let t = id.y + id.z * 32768u;
  if (id.x >= dims.d4 || t >= dims.n_rows) { return; }
  let scale = scales[t];
  let value = x[t * dims.d4 + id.x];
  var result = value * scale.z + scale.x;
  if (dims.back == 0u) {
    result = (value - scale.x) * scale.y;
    if (dims.has_row == 1u) { result -= row[id.x]; }
  }
  y[t * dims.d4 + id.x] = result;
}
