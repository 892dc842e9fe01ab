// The same attention as attention_register.wgsl for a few queries, as in a decode step: the four invocations of a quad take
// one query of one head through the visible blocks, 16 keys at a time. First each scores four keys, then each adds up
// every fourth vec4 of z over the 16. No workgroup memory and no barriers. Lines that begin with # are repeated, see
// gpu/repeat.ts.
// Source: Milakov & Gimelshein 2018, arXiv:1805.02867 (online softmax); Dao et al. 2022, arXiv:2205.14135 (tiling).
override columns: u32 = 2;                                              // vec4s of z an invocation adds up, 4 columns ≥ d4; the compiler drops the rest
@group(0) @binding(1) var<storage, read> q: array<vec4f>;               // rows of q_stride4
@group(0) @binding(2) var<storage, read> k: array<vec4f>;
@group(0) @binding(3) var<storage, read> v: array<vec4f>;
@group(0) @binding(4) var<storage, read> offsets: array<u32>;           // block mask, row compressed
@group(0) @binding(5) var<storage, read> entries: array<u32>;
@group(0) @binding(6) var<storage, read_write> z: array<vec4f>;         // [n_queries, n_heads, d4]
@group(0) @binding(7) var<storage, read_write> lse: array<f32>;         // [n_heads, n_queries]

// Scores of four keys for the query at position t, masked ones at LOWEST.
fn finish(scores: vec4f, s: vec4u, start: u32, end: u32, t: u32, partial: bool, bits: u32) -> vec4f {
  var seen = s < vec4u(end);
  if (partial) { seen = seen & visible_keys(s, t) & (((vec4u(bits) >> (s - start)) & vec4u(1u)) == vec4u(1u)); }
  return select(vec4f(LOWEST), scaled(scores), seen);
}

fn largest_of_quad(value: f32) -> f32 { let pair = max(value, quadSwapX(value)); return max(pair, quadSwapY(pair)); }
fn sum_of_quad(value: f32) -> f32 { let pair = value + quadSwapX(value); return pair + quadSwapY(pair); }

@compute @workgroup_size(4)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) id: u32) {
  let lane = id % 4u;
  let row = group.x;
  let head = group.y;
  let d4 = dims.d4;
  let block = row / dims.block_size;
  let t = row + dims.query_offset;
  let qs = q_at(row, head);
  // The columns of z that this invocation adds up; beyond the edge the last one is computed again, not stored.
  #j<16 let c{j} = min(4u * {j}u + lane, d4 - 1u);
  #j<16 var out{j} = vec4f(0.0);
  var top = -1e38;                                                      // above LOWEST: exp(LOWEST - top) is 0 from the start
  var sum = 0.0;                                                        // of the keys this invocation scored
  let mask_row = head * dims.blocks_per_head + block;
  let last_entry = offsets[mask_row + 1u];
  for (var e = offsets[mask_row]; e < last_entry; e++) {
    let entry = entries[e];
    let first = (entry & ~PARTIAL) * dims.block_size;
    let end = min(first + dims.block_size, dims.n_keys);
    let partial = entry >= PARTIAL;
    var bits = 0xffffffffu;
    if (partial) { bits = row_bits(e, row % dims.block_size).x; }
    for (var s = first; s < end; s += 16u) {
      let mine = vec4u(s + lane) + vec4u(0u, 4u, 8u, 12u);
      let safe = min(mine, vec4u(end - 1u));
      let ks = vec4u(k_at(safe.x, head), k_at(safe.y, head), k_at(safe.z, head), k_at(safe.w, head));
      var p = vec4f(0.0);
      for (var c = 0u; c < d4; c++) {
        let part = q[qs + c];
        p += vec4f(dot(k[ks.x + c], part), dot(k[ks.y + c], part), dot(k[ks.z + c], part), dot(k[ks.w + c], part));
      }
      p = finish(p, mine, first, end, t, partial, bits);
      let higher = max(top, largest_of_quad(max(max(p.x, p.y), max(p.z, p.w))));
      let shrink = exp(top - higher);
      top = higher;
      p = exp(p - top);
      sum = sum * shrink + (p.x + p.y) + (p.z + p.w);
      #j<16 if (columns > {j}u) { out{j} *= shrink; }
      // Keys come in fours, one of each invocation.
      for (var four = 0u; four < 4u && s + 4u * four < end; four++) {
        let weight = p.x;
        p = p.yzwx;
        let key = s + 4u * four;
        #i<4 let w{i} = quadBroadcast(weight, {i}u);
        #i<4 let at{i} = v_at(min(key + {i}u, end - 1u), head);
        #j<16 if (columns > {j}u) { out{j} += w0 * v[at0 + c{j}] + w1 * v[at1 + c{j}] + w2 * v[at2 + c{j}] + w3 * v[at3 + c{j}]; }
      }
    }
  }
  let all = sum_of_quad(sum);
  // A query that sees nothing writes zeros and the lowest number, never a division by zero.
  let inverse = select(0.0, 1.0 / all, all > 0.0);
  let z_start = (row * dims.n_heads + head) * d4;
  #j<16 if (columns > {j}u && 4u * {j}u + lane < d4) { z[z_start + c{j}] = out{j} * inverse; }
  if (lane == 0u) { lse[head * dims.n_queries + row] = select(LOWEST, top + log(all), all > 0.0); }
}
