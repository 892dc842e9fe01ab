// pattern[h,t,s] = exp(score − lse[h,t]) for visible keys and 0 elsewhere; scores[h,t,s] the scaled score, or the lowest
// number where masked. For views that show the matrix: the pass itself never stores it. One invocation per row.
const D4 = 8u;                                                          // d_head / 4, set by the wrapper
override wg: u32 = 8;
const PARTIAL = 0x80000000u;
const LOWEST = -3.4028234e38;
struct Dims {
  n_queries: u32, n_keys: u32, query_offset: u32, n_heads: u32, group: u32,
  q_stride4: u32, q_start4: u32, k_stride4: u32, k_start4: u32, v_stride4: u32, v_start4: u32,
  block_size: u32, blocks_per_head: u32, window: u32, sinks: u32, scale: f32,
}
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> k: array<vec4f>;
@group(0) @binding(3) var<storage, read> offsets: array<u32>;
@group(0) @binding(4) var<storage, read> entries: array<u32>;
@group(0) @binding(5) var<storage, read> lse: array<f32>;               // [n_heads, n_queries]
@group(0) @binding(6) var<storage, read_write> pattern: array<f32>;     // [n_heads, n_queries, n_keys]
@group(0) @binding(7) var<storage, read_write> scores: array<f32>;      // the same

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x;
  let head = id.y;
  if (row >= dims.n_queries) { return; }
  let t = row + dims.query_offset;
  let place = (head * dims.n_queries + row) * dims.n_keys;
  for (var s = 0u; s < dims.n_keys; s++) { pattern[place + s] = 0.0; scores[place + s] = LOWEST; }
  let q_at = row * dims.q_stride4 + dims.q_start4 + head * D4;
  let mask_row = head * dims.blocks_per_head + row / dims.block_size;
  for (var e = offsets[mask_row]; e < offsets[mask_row + 1u]; e++) {
    let entry = entries[e];
    let first = (entry & ~PARTIAL) * dims.block_size;
    let last = min(first + dims.block_size, dims.n_keys);
    for (var s = first; s < last; s++) {
      if (entry >= PARTIAL) {
        if (s > t) { break; }
        if (dims.window != 0u && t - s >= dims.window && s >= dims.sinks) { continue; }
      }
      let k_at = s * dims.k_stride4 + dims.k_start4 + (head / dims.group) * D4;
      var dots = vec4f(0.0);
      for (var i = 0u; i < D4; i++) { dots += q[q_at + i] * dims.scale * k[k_at + i]; }
      let score = dot(dots, vec4f(1.0));
      scores[place + s] = score;
      pattern[place + s] = exp(score - lse[head * dims.n_queries + row]);
    }
  }
}
