// y[t,:] = x[t,:] - row: what a dictionary encodes when its decoder bias is taken off first.
override wg: u32 = 64;
struct Dims { n: u32, d4: u32 }                                         // n = n_rows * d4
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;               // [n_rows, d4]
@group(0) @binding(2) var<storage, read> row: array<vec4f>;             // [d4]
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;         // [n_rows, d4]

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= dims.n) { return; }
  y[id.x] = x[id.x] - row[id.x % dims.d4];
}
