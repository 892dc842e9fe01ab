// m[t,g] = max of p[t,f] over the latents f of group g,  p = x · W_enc + b_enc; p itself is never stored.
// The k largest p of a token lie in the k groups with the largest maxima: see kernels/sae_encode_topk.ts.
// One invocation: `rows` tokens x 16 latents in registers, no barriers. Written out rather than looped over arrays:
// private arrays are kept in memory by some compilers, at less than half the speed.
override wg: u32 = 8;
override rows: u32 = 8;      // 1, 4 or 8
override per_group: u32 = 2; // vec4s of latents that share a maximum: 1, 2 or 4
struct Dims { n_tok: u32, d4: u32, f4: u32, n_latents: u32, n_groups: u32, neg_inf: f32 } // f4: row stride of w_enc
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;               // [n_tok, d4]
@group(0) @binding(2) var<storage, read> w_enc: array<W4>;              // [4 d4, f4]
@group(0) @binding(3) var<storage, read> b_enc: array<f32>;             // [n_latents]
@group(0) @binding(4) var<storage, read_write> m: array<f32>;           // [n_tok, n_groups]

fn weights(row: u32, c: vec4u) -> mat4x4f {
  let at = row * dims.f4;
  return mat4x4f(w4(w_enc[at + c.x]), w4(w_enc[at + c.y]), w4(w_enc[at + c.z]), w4(w_enc[at + c.w]));
}

fn store(t: u32, first: u32, p: mat4x4f) {
  if (t >= dims.n_tok) { return; }
  let best = vec4f(largest(p[0], first), largest(p[1], first + 4u), largest(p[2], first + 8u), largest(p[3], first + 12u));
  let out = t * dims.n_groups;
  let group = first / (4u * per_group);
  for (var i = 0u; i < 4u / per_group; i++) {
    var top = best[i * per_group];
    for (var j = 1u; j < per_group; j++) { top = max(top, best[i * per_group + j]); }
    if (group + i < dims.n_groups) { m[out + group + i] = top; }
  }
}

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let first = id.x * 16u;
  let t = id.y * rows;
  if (first >= dims.n_latents) { return; }
  // Beyond the edge the last column or row is computed again and not stored.
  let c = min(vec4u(id.x * 4u) + vec4u(0u, 1u, 2u, 3u), vec4u(dims.f4 - 1u));
  let last = dims.n_tok - 1u;
  let a = min(vec4u(t) + vec4u(0u, 1u, 2u, 3u), vec4u(last)) * dims.d4;
  let b = min(vec4u(t) + vec4u(4u, 5u, 6u, 7u), vec4u(last)) * dims.d4;
  var p0 = mat4x4f(); var p1 = mat4x4f(); var p2 = mat4x4f(); var p3 = mat4x4f();
  var p4 = mat4x4f(); var p5 = mat4x4f(); var p6 = mat4x4f(); var p7 = mat4x4f();
  for (var i = 0u; i < dims.d4; i++) {
    let wx = weights(4u * i, c);
    let wy = weights(4u * i + 1u, c);
    let wz = weights(4u * i + 2u, c);
    let ww = weights(4u * i + 3u, c);
    let x0 = x[a.x + i];
    p0 += x0.x * wx + x0.y * wy + x0.z * wz + x0.w * ww;
    if (rows > 1u) {
      let x1 = x[a.y + i]; let x2 = x[a.z + i]; let x3 = x[a.w + i];
      p1 += x1.x * wx + x1.y * wy + x1.z * wz + x1.w * ww;
      p2 += x2.x * wx + x2.y * wy + x2.z * wz + x2.w * ww;
      p3 += x3.x * wx + x3.y * wy + x3.z * wz + x3.w * ww;
    }
    if (rows > 4u) {
      let x4 = x[b.x + i]; let x5 = x[b.y + i]; let x6 = x[b.z + i]; let x7 = x[b.w + i];
      p4 += x4.x * wx + x4.y * wy + x4.z * wz + x4.w * ww;
      p5 += x5.x * wx + x5.y * wy + x5.z * wz + x5.w * ww;
      p6 += x6.x * wx + x6.y * wy + x6.z * wz + x6.w * ww;
      p7 += x7.x * wx + x7.y * wy + x7.z * wz + x7.w * ww;
    }
  }
  store(t, first, p0);
  if (rows > 1u) { store(t + 1u, first, p1); store(t + 2u, first, p2); store(t + 3u, first, p3); }
  if (rows > 4u) { store(t + 4u, first, p4); store(t + 5u, first, p5); store(t + 6u, first, p6); store(t + 7u, first, p7); }
}
