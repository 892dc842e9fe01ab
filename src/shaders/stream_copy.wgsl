// y = x: as much reading as writing and no arithmetic, to measure what memory gives.
// Source: the Copy kernel of McCalpin, “STREAM: sustainable memory bandwidth in high performance computers”.
override wg: u32 = 64;
struct Dims { n4: u32, stride: u32 }                                    // n4 = elements / 4, stride = invocations in x
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;               // [n4]
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;         // [n4]

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * dims.stride + id.x;
  if (id.x >= dims.stride || i >= dims.n4) { return; }
  y[i] = x[i];
}
