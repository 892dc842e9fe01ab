// The same attention as attention_register.wgsl for adapters with real workgroup memory: one workgroup of 64 takes 4
// queries of a block and one head through the visible blocks, 64 keys at a time. First every invocation scores one key;
// then each adds up one vec4 column of z (or up to 4, when d_head > 64) of one query over the 64 keys.
// Source: Milakov & Gimelshein 2018, arXiv:1805.02867 (online softmax); Dao et al. 2022, arXiv:2205.14135 (tiling).
@group(0) @binding(1) var<storage, read> q: array<vec4f>;               // rows of q_stride4
@group(0) @binding(2) var<storage, read> k: array<vec4f>;
@group(0) @binding(3) var<storage, read> v: array<vec4f>;
@group(0) @binding(4) var<storage, read> offsets: array<u32>;           // block mask, row compressed
@group(0) @binding(5) var<storage, read> entries: array<u32>;
@group(0) @binding(6) var<storage, read_write> z: array<vec4f>;         // [n_queries, n_heads, d4]
@group(0) @binding(7) var<storage, read_write> lse: array<f32>;         // [n_heads, n_queries]

const LANES = 64u;
var<workgroup> keys: array<u32, LANES>;                                 // which key each lane scored
var<workgroup> weight: array<vec4f, LANES>;                             // scores, then weights, of the 4 queries
var<workgroup> reduced: array<vec4f, LANES>;

fn largest_of_all(value: vec4f, lane: u32) -> vec4f {
  reduced[lane] = value;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { reduced[lane] = max(reduced[lane], reduced[lane + half]); }
  }
  workgroupBarrier();
  return reduced[0];
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let per_block = (dims.block_size + 3u) / 4u;
  let block = group.x / per_block;
  let inside = group.x % per_block * 4u;
  let row = block * dims.block_size + inside;
  let head = group.y;
  if (row >= dims.n_queries) { return; }                                // the whole workgroup
  let count = min(4u, min(dims.block_size - inside, dims.n_queries - row));
  let t = row + dims.query_offset + vec4u(0u, 1u, 2u, 3u);
  let qs = vec4u(q_at(row, head), q_at(row + 1u, head), q_at(row + 2u, head), q_at(row + 3u, head));
  let mask_row = head * dims.blocks_per_head + block;
  let start = offsets[mask_row];
  let places = (offsets[mask_row + 1u] - start) * dims.block_size;
  let mine = lane % 4u;                                                 // the query whose columns this lane adds up
  let column = lane / 4u;                                               // and the first of these columns; 16 apart
  var top = vec4f(-1e38);                                               // above LOWEST: exp(LOWEST - top) is 0 from the start
  var sum = 0.0;
  var out = mat4x4f();
  for (var begin = 0u; begin < places; begin += LANES) {
    let place = begin + lane;
    let e = start + min(place, places - 1u) / dims.block_size;
    let entry = entries[e];
    let s = (entry & ~PARTIAL) * dims.block_size + place % dims.block_size;
    let exists = place < places && s < dims.n_keys;
    let safe = min(s, dims.n_keys - 1u);
    let ks = k_at(safe, head);
    var score = vec4f(0.0);
    for (var c = 0u; c < dims.d4; c++) {
      score += k[ks + c] * mat4x4f(q[qs.x + c], q[qs.y + c], q[qs.z + c], q[qs.w + c]);
    }
    var seen = vec4<bool>(exists);
    if (entry >= PARTIAL) { seen = seen & visible(s, t) & bit_at(row_bits(e, inside), place % dims.block_size); }
    score = select(vec4f(LOWEST), scaled(score), seen);
    let higher = max(top, largest_of_all(score, lane));
    let shrink = exp(top - higher)[mine];
    top = higher;
    keys[lane] = v_at(safe, head);
    weight[lane] = exp(score - higher);
    workgroupBarrier();
    sum *= shrink;
    out *= shrink;
    for (var i = 0u; i < min(LANES, places - begin); i++) {
      let w = weight[i][mine];
      sum += w;
      let at = keys[i] + column;
      if (column < dims.d4) { out[0] += w * v[at]; }
      if (column + 16u < dims.d4) { out[1] += w * v[at + 16u]; }
      if (column + 32u < dims.d4) { out[2] += w * v[at + 32u]; }
      if (column + 48u < dims.d4) { out[3] += w * v[at + 48u]; }
    }
    workgroupBarrier();
  }
  if (mine >= count) { return; }
  // A query that sees nothing writes zeros and the lowest number, never a division by zero.
  let any_seen = sum > 0.0;
  let inverse = select(0.0, 1.0 / sum, any_seen);
  for (var i = 0u; i < 4u; i++) {
    let c = column + 16u * i;
    if (c < dims.d4) { z[((row + mine) * dims.n_heads + head) * dims.d4 + c] = out[i] * inverse; }
  }
  if (column == 0u) { lse[head * dims.n_queries + row + mine] = select(LOWEST, top[mine] + log(sum), any_seen); }
}
