// z[t, h·d_head:] = Σ_s softmax_s(q[t,h]·k[s,g] · scale) v[s,g] over the keys a block mask lets through; g is the key/value
// head that query head h shares. One invocation walks the visible blocks of one query and head once, with the running
// maximum and sum of the online softmax, so that no score is stored and skipped blocks cost nothing.
// Source: Milakov & Gimelshein 2018, arXiv:1805.02867 (online softmax); Dao et al. 2022, arXiv:2205.14135 (tiling).
const D4 = 8u;                                                          // d_head / 4, set by the wrapper
override wg: u32 = 8;
const PARTIAL = 0x80000000u;
const LOWEST = -3.4e38;
struct Dims {
  n_queries: u32, n_keys: u32, query_offset: u32, n_heads: u32, group: u32,        // group = query heads per key/value head
  q_stride4: u32, q_start4: u32, k_stride4: u32, k_start4: u32, v_stride4: u32, v_start4: u32,
  block_size: u32, blocks_per_head: u32, window: u32, sinks: u32, scale: f32,      // blocks_per_head = 0: one mask for all
}
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;               // rows of q_stride4
@group(0) @binding(2) var<storage, read> k: array<vec4f>;
@group(0) @binding(3) var<storage, read> v: array<vec4f>;
@group(0) @binding(4) var<storage, read> offsets: array<u32>;           // block mask, row compressed
@group(0) @binding(5) var<storage, read> entries: array<u32>;
@group(0) @binding(6) var<storage, read_write> z: array<vec4f>;         // [n_queries, n_heads, D4]
@group(0) @binding(7) var<storage, read_write> lse: array<f32>;         // [n_heads, n_queries]

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x;
  let head = id.y;
  if (row >= dims.n_queries) { return; }
  let t = row + dims.query_offset;
  let kv_head = head / dims.group;
  var query: array<vec4f, D4>;
  var sum: array<vec4f, D4>;
  let q_at = row * dims.q_stride4 + dims.q_start4 + head * D4;
  for (var i = 0u; i < D4; i++) { query[i] = q[q_at + i] * dims.scale; sum[i] = vec4f(0.0); }
  var highest = LOWEST;
  var total = 0.0;
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
      let k_at = s * dims.k_stride4 + dims.k_start4 + kv_head * D4;
      var dots = vec4f(0.0);
      for (var i = 0u; i < D4; i++) { dots += query[i] * k[k_at + i]; }
      let score = dot(dots, vec4f(1.0));
      if (score > highest) {
        let shrink = exp(highest - score);
        total *= shrink;
        for (var i = 0u; i < D4; i++) { sum[i] *= shrink; }
        highest = score;
      }
      let weight = exp(score - highest);
      total += weight;
      let v_at = s * dims.v_stride4 + dims.v_start4 + kv_head * D4;
      for (var i = 0u; i < D4; i++) { sum[i] += weight * v[v_at + i]; }
    }
  }
  // A query that sees nothing writes zeros and the lowest number, never a division by zero.
  let seen = total > 0.0;
  let inverse = select(0.0, 1.0 / total, seen);
  for (var i = 0u; i < D4; i++) { z[(row * dims.n_heads + head) * D4 + i] = sum[i] * inverse; }
  lse[head * dims.n_queries + row] = select(LOWEST, highest + log(total), seen);
}
