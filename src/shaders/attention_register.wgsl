// z[t, h·d_head:] = Σ_s softmax_s(q[t,h]·k[s,g] · scale) v[s,g] over the keys a block mask lets through; g is the key/value
// head that query head h shares. One invocation takes 4 queries of a block and one head through the visible blocks once,
// 16 keys at a time, with the running maximum and sum of the online softmax: no score is stored, skipped blocks cost
// nothing, and there is no barrier, which suits adapters that run on the processor. Unfinished z stays in its output.
// Source: Milakov & Gimelshein 2018, arXiv:1805.02867 (online softmax); Dao et al. 2022, arXiv:2205.14135 (tiling).
override wg: u32 = 4;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;               // rows of q_stride4
@group(0) @binding(2) var<storage, read> k: array<vec4f>;
@group(0) @binding(3) var<storage, read> v: array<vec4f>;
@group(0) @binding(4) var<storage, read> offsets: array<u32>;           // block mask, row compressed
@group(0) @binding(5) var<storage, read> entries: array<u32>;
@group(0) @binding(6) var<storage, read_write> z: array<vec4f>;         // [n_queries, n_heads, d4]
@group(0) @binding(7) var<storage, read_write> lse: array<f32>;         // [n_heads, n_queries]

// Scores of 16 keys (columns) by 4 queries (components), masked ones at LOWEST.
fn finish(scores: mat4x4f, s: u32, start: u32, end: u32, t: vec4u, partial: bool, bits: vec4u) -> mat4x4f {
  var out: mat4x4f;
  for (var i = 0u; i < 4u; i++) {
    let seen = select(vec4<bool>(true), visible(s + i, t) & bit_at(bits, s + i - start), partial) & vec4<bool>(s + i < end);
    out[i] = select(vec4f(LOWEST), scaled(scores[i]), seen);
  }
  return out;
}

fn largest(a: mat4x4f) -> vec4f { return max(max(a[0], a[1]), max(a[2], a[3])); }
fn weights(a: mat4x4f, top: vec4f) -> mat4x4f { return mat4x4f(exp(a[0] - top), exp(a[1] - top), exp(a[2] - top), exp(a[3] - top)); }
fn total(a: mat4x4f) -> vec4f { return a[0] + a[1] + a[2] + a[3]; }

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let per_block = (dims.block_size + 3u) / 4u;
  let block = id.x / per_block;
  let inside = id.x % per_block * 4u;
  let row = block * dims.block_size + inside;
  let head = id.y;
  if (row >= dims.n_queries) { return; }
  let count = min(4u, min(dims.block_size - inside, dims.n_queries - row));
  let t = row + dims.query_offset + vec4u(0u, 1u, 2u, 3u);
  let qs = vec4u(q_at(row, head), q_at(row + 1u, head), q_at(row + 2u, head), q_at(row + 3u, head));
  let z_step = dims.n_heads * dims.d4;
  let z_start = row * z_step + head * dims.d4;
  var top = vec4f(-1e38);                                               // above LOWEST: exp(LOWEST - top) is 0 from the start
  var sum = vec4f(0.0);
  for (var c = 0u; c < dims.d4; c++) {
    for (var r = 0u; r < count; r++) { z[z_start + r * z_step + c] = vec4f(0.0); }
  }
  let mask_row = head * dims.blocks_per_head + block;
  for (var e = offsets[mask_row]; e < offsets[mask_row + 1u]; e++) {
    let entry = entries[e];
    let first = (entry & ~PARTIAL) * dims.block_size;
    let end = min(first + dims.block_size, dims.n_keys);
    let partial = entry >= PARTIAL;
    var bits = vec4u(0xffffffffu);
    if (partial) { bits = row_bits(e, inside); }
    for (var s = first; s < end; s += 16u) {
      let s0 = min(s + 0u, end - 1u); let s1 = min(s + 1u, end - 1u); let s2 = min(s + 2u, end - 1u); let s3 = min(s + 3u, end - 1u);
      let s4 = min(s + 4u, end - 1u); let s5 = min(s + 5u, end - 1u); let s6 = min(s + 6u, end - 1u); let s7 = min(s + 7u, end - 1u);
      let s8 = min(s + 8u, end - 1u); let s9 = min(s + 9u, end - 1u); let s10 = min(s + 10u, end - 1u); let s11 = min(s + 11u, end - 1u);
      let s12 = min(s + 12u, end - 1u); let s13 = min(s + 13u, end - 1u); let s14 = min(s + 14u, end - 1u); let s15 = min(s + 15u, end - 1u);
      var p0 = mat4x4f(); var p1 = mat4x4f(); var p2 = mat4x4f(); var p3 = mat4x4f();
      let ka0 = vec4u(k_at(s0, head), k_at(s1, head), k_at(s2, head), k_at(s3, head));
      let ka1 = vec4u(k_at(s4, head), k_at(s5, head), k_at(s6, head), k_at(s7, head));
      let ka2 = vec4u(k_at(s8, head), k_at(s9, head), k_at(s10, head), k_at(s11, head));
      let ka3 = vec4u(k_at(s12, head), k_at(s13, head), k_at(s14, head), k_at(s15, head));
      for (var c = 0u; c < dims.d4; c++) {
        let m = mat4x4f(q[qs.x + c], q[qs.y + c], q[qs.z + c], q[qs.w + c]);
        p0 += mat4x4f(k[ka0.x + c] * m, k[ka0.y + c] * m, k[ka0.z + c] * m, k[ka0.w + c] * m);
        p1 += mat4x4f(k[ka1.x + c] * m, k[ka1.y + c] * m, k[ka1.z + c] * m, k[ka1.w + c] * m);
        p2 += mat4x4f(k[ka2.x + c] * m, k[ka2.y + c] * m, k[ka2.z + c] * m, k[ka2.w + c] * m);
        p3 += mat4x4f(k[ka3.x + c] * m, k[ka3.y + c] * m, k[ka3.z + c] * m, k[ka3.w + c] * m);
      }
      p0 = finish(p0, s + 0u, first, end, t, partial, bits);
      p1 = finish(p1, s + 4u, first, end, t, partial, bits);
      p2 = finish(p2, s + 8u, first, end, t, partial, bits);
      p3 = finish(p3, s + 12u, first, end, t, partial, bits);
      let higher = max(top, max(max(largest(p0), largest(p1)), max(largest(p2), largest(p3))));
      let shrink = exp(top - higher);
      top = higher;
      p0 = weights(p0, top);
      p1 = weights(p1, top);
      p2 = weights(p2, top);
      p3 = weights(p3, top);
      sum = sum * shrink + total(p0) + total(p1) + total(p2) + total(p3);
      let w0 = transpose(p0);
      let w1 = transpose(p1);
      let w2 = transpose(p2);
      let w3 = transpose(p3);
      let va0 = vec4u(v_at(s0, head), v_at(s1, head), v_at(s2, head), v_at(s3, head));
      let va1 = vec4u(v_at(s4, head), v_at(s5, head), v_at(s6, head), v_at(s7, head));
      let va2 = vec4u(v_at(s8, head), v_at(s9, head), v_at(s10, head), v_at(s11, head));
      let va3 = vec4u(v_at(s12, head), v_at(s13, head), v_at(s14, head), v_at(s15, head));
      for (var c = 0u; c < dims.d4; c++) {
        let v0 = mat4x4f(v[va0.x + c], v[va0.y + c], v[va0.z + c], v[va0.w + c]);
        let v1 = mat4x4f(v[va1.x + c], v[va1.y + c], v[va1.z + c], v[va1.w + c]);
        let v2 = mat4x4f(v[va2.x + c], v[va2.y + c], v[va2.z + c], v[va2.w + c]);
        let v3 = mat4x4f(v[va3.x + c], v[va3.y + c], v[va3.z + c], v[va3.w + c]);
        // Column r: what the 16 keys add to query r.
        let more = v0 * w0 + v1 * w1 + v2 * w2 + v3 * w3;
        for (var r = 0u; r < count; r++) {
          let at = z_start + r * z_step + c;
          z[at] = z[at] * shrink[r] + more[r];
        }
      }
    }
  }
  // A query that sees nothing keeps its zeros and gets the lowest number, never a division by zero.
  for (var r = 0u; r < count; r++) {
    let seen = sum[r] > 0.0;
    lse[head * dims.n_queries + row + r] = select(LOWEST, top[r] + log(sum[r]), seen);
    if (!seen) { continue; }
    for (var c = 0u; c < dims.d4; c++) { z[z_start + r * z_step + c] /= sum[r]; }
  }
}
