// The k largest candidates of each token after ReLU: sorted by value, ties by lowest latent, padding where p <= 0.
// Rank selection as in topk_rows; candidates stand in latent order.
override wg: u32 = 64;
struct Dims { n_tok: u32, n_candidates: u32, k: u32, neg_inf: f32 }     // n_candidates % 4 = 0
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> p: array<f32>;                 // [n_tok, n_candidates]
@group(0) @binding(2) var<storage, read> latents: array<u32>;           // [n_tok, n_candidates / 4], first of each 4
@group(0) @binding(3) var<storage, read_write> indices: array<u32>;     // [n_tok, k]
@group(0) @binding(4) var<storage, read_write> values: array<f32>;      // [n_tok, k]

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let own = id.x;
  let t = id.y;
  let out = t * dims.k;
  var rank = own;
  var index = 0xffffffffu;
  var value = 0.0;
  if (own < dims.n_candidates) {
    let start = t * dims.n_candidates;
    // NaN counts as -inf, before which all earlier candidates come.
    let mine = select(dims.neg_inf, p[start + own], p[start + own] > dims.neg_inf);
    if (mine > dims.neg_inf) {
      rank = 0u;
      for (var i = 0u; i < own && rank < dims.k; i++) { rank += u32(p[start + i] >= mine); }
    }
    for (var i = own + 1u; i < dims.n_candidates && rank < dims.k; i++) { rank += u32(p[start + i] > mine); }
    if (mine > 0.0) {
      index = latents[(start + own) / 4u] + own % 4u;
      value = mine;
    }
  }
  if (rank < dims.k) {
    indices[out + rank] = index;
    values[out + rank] = value;
  }
}
