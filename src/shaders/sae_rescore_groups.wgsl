// p[t,s,:] = x[t] · W_enc[:, f] + b_enc[f] for the 16 latents f of the chosen groups of token t, groups in ascending
// order, so that a candidate's position orders equal values by latent. One invocation: one token, 4 latents.
override wg: u32 = 16;
struct Dims { n_tok: u32, d4: u32, f4: u32, n_latents: u32, n_chosen: u32, neg_inf: f32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;               // [n_tok, d4]
@group(0) @binding(2) var<storage, read> w_enc: array<W4>;              // [d, f4]
@group(0) @binding(3) var<storage, read> b_enc: array<f32>;             // [n_latents]
@group(0) @binding(4) var<storage, read> chosen: array<u32>;            // [n_tok, n_chosen], distinct, any order
@group(0) @binding(5) var<storage, read_write> p: array<vec4f>;         // [n_tok, n_chosen, 4]
@group(0) @binding(6) var<storage, read_write> latents: array<u32>;     // [n_tok, n_chosen * 4], first of each 4

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= dims.n_chosen * 4u) { return; }
  let t = id.y;
  let group = chosen[t * dims.n_chosen + id.x / 4u];
  var place = 0u;
  for (var i = 0u; i < dims.n_chosen; i++) { place += u32(chosen[t * dims.n_chosen + i] < group); }
  let first = group * 16u + id.x % 4u * 4u;
  let c = min(first / 4u, dims.f4 - 1u);
  var sum = vec4f(0.0);
  for (var i = 0u; i < dims.d4; i++) {
    let v = x[t * dims.d4 + i];
    for (var j = 0u; j < 4u; j++) { sum += v[j] * w4(w_enc[(i * 4u + j) * dims.f4 + c]); }
  }
  let last = dims.n_latents - 1u;
  sum += vec4f(b_enc[min(first, last)], b_enc[min(first + 1u, last)], b_enc[min(first + 2u, last)], b_enc[min(first + 3u, last)]);
  let out = (t * dims.n_chosen + place) * 4u + id.x % 4u;
  let latent = vec4u(first) + vec4u(0u, 1u, 2u, 3u);
  p[out] = select(vec4f(dims.neg_inf), sum, latent < vec4u(dims.n_latents));
  latents[out] = first;
}
