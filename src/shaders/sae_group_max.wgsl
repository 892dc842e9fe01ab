// m[t,g] = max of p[t,f] over the 16 latents f of group g,  p = x · W_enc + b_enc; p itself is never stored.
// The k largest p of a token lie in the k groups with the largest maxima (of equal maxima, the lowest groups), because
// k other groups before one of them would hold k latents before each of its own. See kernels/sae_encode_topk.ts.
// One invocation: 8 tokens x 16 latents in registers, no barriers.
override wg: u32 = 8;
struct Dims { n_tok: u32, d4: u32, f4: u32, n_latents: u32, n_groups: u32, neg_inf: f32 } // f4: row stride of w_enc
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;               // [n_tok, d4]
@group(0) @binding(2) var<storage, read> w_enc: array<W4>;              // [d, f4]
@group(0) @binding(3) var<storage, read> b_enc: array<f32>;             // [n_latents]
@group(0) @binding(4) var<storage, read_write> m: array<f32>;           // [n_tok, n_groups]

fn load(row: u32, c: vec4u) -> mat4x4f {
  let at = row * dims.f4;
  return mat4x4f(w4(w_enc[at + c.x]), w4(w_enc[at + c.y]), w4(w_enc[at + c.z]), w4(w_enc[at + c.w]));
}

fn bias(first: u32) -> vec4f {
  let last = dims.n_latents - 1u;
  return vec4f(b_enc[min(first, last)], b_enc[min(first + 1u, last)], b_enc[min(first + 2u, last)], b_enc[min(first + 3u, last)]);
}

fn masked(p: vec4f, first: u32) -> vec4f {
  let latent = vec4u(first) + vec4u(0u, 1u, 2u, 3u);
  return select(vec4f(dims.neg_inf), p, latent < vec4u(dims.n_latents));
}

fn largest(p: mat4x4f, b: mat4x4f, first: u32) -> f32 {
  let a = max(masked(p[0] + b[0], first), masked(p[1] + b[1], first + 4u));
  let c = max(masked(p[2] + b[2], first + 8u), masked(p[3] + b[3], first + 12u));
  let e = max(a, c);
  return max(max(e.x, e.y), max(e.z, e.w));
}

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let group = id.x;
  let t = id.y * 8u;
  if (group >= dims.n_groups) { return; }
  let c = min(vec4u(group * 4u) + vec4u(0u, 1u, 2u, 3u), vec4u(dims.f4 - 1u));
  let last = dims.n_tok - 1u;
  let r0 = min(t, last) * dims.d4;
  let r1 = min(t + 1u, last) * dims.d4;
  let r2 = min(t + 2u, last) * dims.d4;
  let r3 = min(t + 3u, last) * dims.d4;
  let r4 = min(t + 4u, last) * dims.d4;
  let r5 = min(t + 5u, last) * dims.d4;
  let r6 = min(t + 6u, last) * dims.d4;
  let r7 = min(t + 7u, last) * dims.d4;
  var p0 = mat4x4f(); var p1 = mat4x4f(); var p2 = mat4x4f(); var p3 = mat4x4f();
  var p4 = mat4x4f(); var p5 = mat4x4f(); var p6 = mat4x4f(); var p7 = mat4x4f();
  for (var i = 0u; i < dims.d4; i++) {
    let x0 = x[r0 + i]; let x1 = x[r1 + i]; let x2 = x[r2 + i]; let x3 = x[r3 + i];
    let x4 = x[r4 + i]; let x5 = x[r5 + i]; let x6 = x[r6 + i]; let x7 = x[r7 + i];
    for (var j = 0u; j < 4u; j++) {
      let w = load(i * 4u + j, c);
      p0 += x0[j] * w; p1 += x1[j] * w; p2 += x2[j] * w; p3 += x3[j] * w;
      p4 += x4[j] * w; p5 += x5[j] * w; p6 += x6[j] * w; p7 += x7[j] * w;
    }
  }
  let first = group * 16u;
  let b = mat4x4f(bias(first), bias(first + 4u), bias(first + 8u), bias(first + 12u));
  let out = t * dims.n_groups + group;
  m[out] = largest(p0, b, first);
  if (t + 1u < dims.n_tok) { m[out + dims.n_groups] = largest(p1, b, first); }
  if (t + 2u < dims.n_tok) { m[out + 2u * dims.n_groups] = largest(p2, b, first); }
  if (t + 3u < dims.n_tok) { m[out + 3u * dims.n_groups] = largest(p3, b, first); }
  if (t + 4u < dims.n_tok) { m[out + 4u * dims.n_groups] = largest(p4, b, first); }
  if (t + 5u < dims.n_tok) { m[out + 5u * dims.n_groups] = largest(p5, b, first); }
  if (t + 6u < dims.n_tok) { m[out + 6u * dims.n_groups] = largest(p6, b, first); }
  if (t + 7u < dims.n_tok) { m[out + 7u * dims.n_groups] = largest(p7, b, first); }
}
