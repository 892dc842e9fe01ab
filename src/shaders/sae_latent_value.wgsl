// value[t] = activation of one latent on each token, 0 where it is not among the active ones. One invocation: one token.
override wg: u32 = 64;
struct Dims { n_tok: u32, k: u32, latent: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> indices: array<u32>;           // [n_tok, k], 0xffffffff where unused
@group(0) @binding(2) var<storage, read> values: array<f32>;            // [n_tok, k]
@group(0) @binding(3) var<storage, read_write> value: array<f32>;       // [n_tok]

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let t = id.x;
  if (t >= dims.n_tok) { return; }
  var found = 0.0;
  for (var i = t * dims.k; i < (t + 1u) * dims.k; i++) {
    if (indices[i] == dims.latent) { found = values[i]; }
  }
  value[t] = found;
}
