// counts[t,s] = how many latents of segment s are active on token t. One invocation per token and segment.
override wg: u32 = 32;
struct Dims { n_tok: u32, width: u32, n_latents: u32, segment: u32, n_segments: u32 } // width: row stride of p
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> p: array<f32>;                 // [n_tok, width]
@group(0) @binding(2) var<storage, read> gates: array<vec4f>;           // [n_latents]
@group(0) @binding(3) var<storage, read_write> counts: array<u32>;      // [n_tok, n_segments]

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let t = id.y + id.z * 32768u;
  if (id.x >= dims.n_segments || t >= dims.n_tok) { return; }
  let first = id.x * dims.segment;
  var count = 0u;
  for (var f = first; f < min(first + dims.segment, dims.n_latents); f++) {
    count += u32(is_active(p[t * dims.width + f], gates[f]));
  }
  counts[t * dims.n_segments + id.x] = count;
}
