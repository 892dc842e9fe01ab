// p[t,j,:] = x[t] · W_enc[:, f] + b_enc[f] for the latents f of the j-th chosen group of token t, -inf beyond the last.
// One invocation: one token, 4 latents.
override wg: u32 = 16;
struct Dims { n_tok: u32, d4: u32, f4: u32, n_latents: u32, n_chosen: u32, group4: u32, neg_inf: f32 } // group4 = group / 4
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;               // [n_tok, d4]
@group(0) @binding(2) var<storage, read> w_enc: array<W4>;              // [4 d4, f4]
@group(0) @binding(3) var<storage, read> b_enc: array<f32>;             // [n_latents]
@group(0) @binding(4) var<storage, read> chosen: array<u32>;            // [n_tok, n_chosen]
@group(0) @binding(5) var<storage, read_write> p: array<vec4f>;         // [n_tok, n_chosen, group4]

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let width = dims.n_chosen * dims.group4;
  if (id.x >= width) { return; }
  let t = id.y;
  let column = chosen[t * dims.n_chosen + id.x / dims.group4] * dims.group4 + id.x % dims.group4;
  let start = t * dims.d4;
  var at = min(column, dims.f4 - 1u);
  var sum = vec4f(0.0);
  for (var i = 0u; i < dims.d4; i++) {
    let v = x[start + i];
    sum += v.x * w4(w_enc[at]) + v.y * w4(w_enc[at + dims.f4]) + v.z * w4(w_enc[at + 2u * dims.f4]) + v.w * w4(w_enc[at + 3u * dims.f4]);
    at += 4u * dims.f4;
  }
  for (var i = 0u; i < 4u; i++) {
    let latent = column * 4u + i;
    if (latent < dims.n_latents) { sum[i] += b_enc[latent]; } else { sum[i] = dims.neg_inf; }
  }
  p[t * width + id.x] = sum;
}
