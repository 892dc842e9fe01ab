// m[t,g] = max of p[t,f] over the latents f of group g,  p = x · W_enc + b_enc; p itself is never stored.
// As sae_group_max, for adapters with real workgroup memory: a workgroup computes 4 wg_y tokens × 4 wg_x latents; step by
// step along d it brings a tile of both operands into workgroup memory, where each invocation finds what its 4 × 4
// products need. Then the largest of each 4 latents meet there.
override wg_x: u32 = 8;      // a multiple of per_group
override wg_y: u32 = 8;
override depth4: u32 = 4;    // vec4s of d a tile holds
override per_group: u32 = 2; // vec4s of latents that share a maximum: 1, 2 or 4
struct Dims { n_tok: u32, d4: u32, f4: u32, n_latents: u32, n_groups: u32, neg_inf: f32 } // f4: row stride of w_enc
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;               // [n_tok, d4]
@group(0) @binding(2) var<storage, read> w_enc: array<W4>;              // [4 d4, f4]
@group(0) @binding(3) var<storage, read> b_enc: array<f32>;             // [n_latents]
@group(0) @binding(4) var<storage, read_write> m: array<f32>;           // [n_tok, n_groups]

var<workgroup> x_tile: array<vec4f, 4u * wg_y * depth4>;                // [4 wg_y tokens, depth4]
var<workgroup> w_tile: array<mat4x4f, depth4 * wg_x>;                   // [depth4, wg_x] blocks of 4 × 4
var<workgroup> best: array<vec4f, wg_x * wg_y>;                         // of 4 latents, for an invocation's 4 tokens

@compute @workgroup_size(wg_x, wg_y)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let first_token = group.y * 4u * wg_y;
  let first_col4 = group.x * wg_x;
  var sum = mat4x4f();                                                  // column r: token r of the invocation's four
  for (var start = 0u; start < dims.d4; start += depth4) {
    for (var i = index; i < 4u * wg_y * depth4; i += wg_x * wg_y) {
      let t = min(first_token + i / depth4, dims.n_tok - 1u);
      let k = start + i % depth4;
      x_tile[i] = select(vec4f(0.0), x[t * dims.d4 + min(k, dims.d4 - 1u)], k < dims.d4);
    }
    for (var i = index; i < depth4 * wg_x; i += wg_x * wg_y) {
      // Past the end of d the tile of x is zero, so any finite weight will do.
      let k = min(start + i / wg_x, dims.d4 - 1u);
      let at = 4u * k * dims.f4 + min(first_col4 + i % wg_x, dims.f4 - 1u);
      w_tile[i] = mat4x4f(
        w4(w_enc[at]), w4(w_enc[at + dims.f4]), w4(w_enc[at + 2u * dims.f4]), w4(w_enc[at + 3u * dims.f4])
      );
    }
    workgroupBarrier();
    for (var depth = 0u; depth < depth4; depth++) {
      let w = w_tile[depth * wg_x + local.x];
      let at = 4u * local.y * depth4 + depth;
      sum += mat4x4f(
        w * x_tile[at], w * x_tile[at + depth4], w * x_tile[at + 2u * depth4], w * x_tile[at + 3u * depth4]
      );
    }
    workgroupBarrier();
  }
  let latent = 4u * (first_col4 + local.x);
  best[index] = vec4f(largest(sum[0], latent), largest(sum[1], latent), largest(sum[2], latent), largest(sum[3], latent));
  workgroupBarrier();
  if (local.x % per_group != 0u || latent >= dims.n_latents) { return; }
  var top = best[index];
  for (var i = 1u; i < per_group; i++) { top = max(top, best[index + i]); }
  for (var r = 0u; r < 4u; r++) {
    let t = first_token + 4u * local.y + r;
    if (t < dims.n_tok) { m[t * dims.n_groups + latent / (4u * per_group)] = top[r]; }
  }
}
