// y = Σ over chains c of (v ← factor · v + term, 8 · steps times, from v = x + c): arithmetic in registers and next to no
// memory, to measure what the adapter computes at most. Several chains, so that one need not wait for its last result.
override wg: u32 = 64;
override chains: u32 = 8;                                               // 1, 2, 4 or 8; the compiler drops the rest
struct Dims { n4: u32, stride: u32, steps: u32, factor: f32, term: f32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;               // [n4]
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;         // [n4]

fn eight(start: vec4f, f: vec4f, t: vec4f) -> vec4f {
  var v = fma(start, f, t);
  v = fma(v, f, t); v = fma(v, f, t); v = fma(v, f, t);
  v = fma(v, f, t); v = fma(v, f, t); v = fma(v, f, t);
  return fma(v, f, t);
}

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * dims.stride + id.x;
  if (id.x >= dims.stride || i >= dims.n4) { return; }
  let f = vec4f(dims.factor);
  let t = vec4f(dims.term);
  let x0 = x[i];
  var v0 = x0; var v1 = x0 + 1.0; var v2 = x0 + 2.0; var v3 = x0 + 3.0;
  var v4 = x0 + 4.0; var v5 = x0 + 5.0; var v6 = x0 + 6.0; var v7 = x0 + 7.0;
  for (var step = 0u; step < dims.steps; step++) {
    v0 = eight(v0, f, t);
    if (chains > 1u) { v1 = eight(v1, f, t); }
    if (chains > 2u) { v2 = eight(v2, f, t); v3 = eight(v3, f, t); }
    if (chains > 4u) { v4 = eight(v4, f, t); v5 = eight(v5, f, t); v6 = eight(v6, f, t); v7 = eight(v7, f, t); }
  }
  var sum = v0;
  if (chains > 1u) { sum += v1; }
  if (chains > 2u) { sum += v2 + v3; }
  if (chains > 4u) { sum += (v4 + v5) + (v6 + v7); }
  y[i] = sum;
}
