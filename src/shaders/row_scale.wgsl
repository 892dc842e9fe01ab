// How each row of x is shifted and scaled before it is encoded, and scaled back after decoding: (shift, in, out, 0) with
// y = (x - shift) · in, x = y · out + shift. One invocation per row.
override wg: u32 = 16;
struct Dims { n_rows: u32, d4: u32, centre: u32, kind: u32 }            // kind 0: none, 1: layer norm, 2: constant norm
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;               // [n_rows, d4]
@group(0) @binding(2) var<storage, read_write> scales: array<vec4f>;    // [n_rows]

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= dims.n_rows) { return; }
  let start = id.x * dims.d4;
  let n = f32(4u * dims.d4);
  var shift = 0.0;
  if (dims.centre == 1u || dims.kind == 1u) {
    var sum = vec4f(0.0);
    for (var i = start; i < start + dims.d4; i++) { sum += x[i]; }
    shift = dot(sum, vec4f(1.0)) / n;
  }
  var squares = vec4f(0.0);
  for (var i = start; i < start + dims.d4; i++) {
    let v = x[i] - shift;
    squares += v * v;
  }
  let square = dot(squares, vec4f(1.0));
  var into = 1.0;
  var out = 1.0;
  if (dims.kind == 1u) {
    out = sqrt(square / (n - 1.0));
    into = 1.0 / (out + 1e-5);
  }
  if (dims.kind == 2u) {
    out = sqrt(square / n);
    into = select(0.0, 1.0 / out, out > 0.0); // a row of zeros stays one, where a quotient would be NaN
  }
  scales[id.x] = vec4f(shift, into, out, 0.0);
}
