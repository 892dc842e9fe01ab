// x_hat[t,:] = b_dec + sum_k values[t,k] * W_dec[indices[t,k],:]; padding (index >= n_latents) is skipped. Of a matrix in
// parts, this one's rows begin at latent `first`, and all but the first part add to what is there.
// One invocation: one token, 4 columns. Only the kept rows of W_dec are read.
override wg: u32 = 16;
struct Dims { n_tok: u32, k: u32, d4: u32, n_latents: u32, first: u32 } // d4 = d / 4
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> indices: array<u32>;           // [n_tok, k]
@group(0) @binding(2) var<storage, read> values: array<f32>;            // [n_tok, k]
@group(0) @binding(3) var<storage, read> w_dec: array<W4>;              // [n_latents, d4]
@group(0) @binding(4) var<storage, read> b_dec: array<vec4f>;           // [d4]
@group(0) @binding(5) var<storage, read_write> x_hat: array<vec4f>;     // [n_tok, d4]

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  let t = id.y;
  if (c >= dims.d4) { return; }
  let at = t * dims.d4 + c;
  var sum = b_dec[c];
  if (dims.first > 0u) { sum = x_hat[at]; }
  for (var i = t * dims.k; i < (t + 1u) * dims.k; i++) {
    let latent = indices[i] - dims.first; // one of an earlier part wraps to beyond the last
    if (latent < dims.n_latents) { sum += values[i] * w4(w_dec[latent * dims.d4 + c]); }
  }
  x_hat[at] = sum;
}
