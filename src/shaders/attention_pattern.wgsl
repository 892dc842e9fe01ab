// pattern[h,t,s] = exp(score − lse[h,t]) for visible keys and 0 elsewhere; scores[h,t,s] the scaled score, or the lowest
// number where masked. For views that show the matrix: the pass itself never stores it. One invocation computes 4 queries
// × 4 keys of a head.
override wg_x: u32 = 8;
override wg_y: u32 = 2;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;               // rows of q_stride4
@group(0) @binding(2) var<storage, read> k: array<vec4f>;
@group(0) @binding(3) var<storage, read> offsets: array<u32>;           // block mask, row compressed
@group(0) @binding(4) var<storage, read> entries: array<u32>;
@group(0) @binding(5) var<storage, read> lse: array<f32>;               // [n_heads, n_queries]
@group(0) @binding(6) var<storage, read_write> pattern: array<f32>;     // [n_heads, n_queries, n_keys]
@group(0) @binding(7) var<storage, read_write> scores: array<f32>;      // the same

// Whether the mask lets the query of row `row` read key `s`.
fn listed(head: u32, row: u32, s: u32) -> bool {
  let mask_row = head * dims.blocks_per_head + row / dims.block_size;
  let key_block = s / dims.block_size;
  for (var e = offsets[mask_row]; e < offsets[mask_row + 1u]; e++) {
    let entry = entries[e];
    if ((entry & ~PARTIAL) == key_block) {
      if (entry < PARTIAL) { return true; }
      let bits = row_bits(e, row % dims.block_size);
      return (visible(s, vec4u(row + dims.query_offset)) & bit_at(bits, s % dims.block_size)).x;
    }
  }
  return false;
}

@compute @workgroup_size(wg_x, wg_y)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let first = id.x * 4u;
  let row = id.y * 4u;
  let head = id.z;
  if (row >= dims.n_queries || first >= dims.n_keys) { return; }
  let qs = vec4u(q_at(row, head), q_at(row + 1u, head), q_at(row + 2u, head), q_at(row + 3u, head));
  let last = vec4u(dims.n_keys - 1u);
  let s = min(vec4u(first) + vec4u(0u, 1u, 2u, 3u), last);
  let ks = vec4u(k_at(s.x, head), k_at(s.y, head), k_at(s.z, head), k_at(s.w, head));
  var score = mat4x4f();                                                // column: query, component: key
  for (var c = 0u; c < dims.d4; c++) {
    let m = mat4x4f(k[ks.x + c], k[ks.y + c], k[ks.z + c], k[ks.w + c]);
    score += mat4x4f(q[qs.x + c] * m, q[qs.y + c] * m, q[qs.z + c] * m, q[qs.w + c] * m);
  }
  for (var r = 0u; r < min(4u, dims.n_queries - row); r++) {
    let place = head * dims.n_queries + row + r;
    let finished = scaled(score[r]);
    for (var i = 0u; i < min(4u, dims.n_keys - first); i++) {
      let seen = listed(head, row + r, first + i);
      let value = select(LOWEST, finished[i], seen);
      scores[place * dims.n_keys + first + i] = value;
      pattern[place * dims.n_keys + first + i] = select(0.0, exp(value - lse[place]), seen);
    }
  }
}
