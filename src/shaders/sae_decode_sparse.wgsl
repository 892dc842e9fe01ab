// x_hat[t,:] = b_dec + sum_k values[t,k] * W_dec[indices[t,k],:]; padding (index >= n_latents) is skipped. Of a matrix in
// parts, this one's rows begin at latent `first`, and all but the first part add to what is there.
// One invocation: one token, 4 `cols` columns. Only the kept rows of W_dec are read. Lines that begin with # are repeated,
// see gpu/repeat.ts.
override wg: u32 = 16;
override cols: u32 = 1; // 1, 2 or 4 vec4s of columns that share each index and value; the compiler drops the rest
struct Dims { n_tok: u32, k: u32, d4: u32, n_latents: u32, first: u32 } // d4 = d / 4
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> indices: array<u32>;           // [n_tok, k]
@group(0) @binding(2) var<storage, read> values: array<f32>;            // [n_tok, k]
@group(0) @binding(3) var<storage, read> w_dec: array<W4>;              // [n_latents, d4]
@group(0) @binding(4) var<storage, read> b_dec: array<vec4f>;           // [d4]
@group(0) @binding(5) var<storage, read_write> x_hat: array<vec4f>;     // [n_tok, d4]

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  // Read once: a uniform is not free where everything runs on the processor.
  let d4 = dims.d4;
  let n_latents = dims.n_latents;
  let first = dims.first;
  let column = id.x * cols;
  let t = id.y;
  if (column >= d4) { return; }
  // Beyond the edge the last column is computed again and not stored.
  #c<4 let c{c} = min(column + {c}u, d4 - 1u);
  #c<4 var sum{c} = vec4f(0.0);
  #c<4 if (cols > {c}u) { if (first > 0u) { sum{c} = x_hat[t * d4 + c{c}]; } else { sum{c} = b_dec[c{c}]; } }
  let end = (t + 1u) * dims.k;
  for (var i = end - dims.k; i < end; i++) {
    let latent = indices[i] - first; // one of an earlier part wraps to beyond the last
    if (latent >= n_latents) { continue; }
    let value = values[i];
    let row = latent * d4;
    #c<4 if (cols > {c}u) { sum{c} += value * w4(w_dec[row + c{c}]); }
  }
  #c<4 if (cols > {c}u && column + {c}u < d4) { x_hat[t * d4 + column + {c}u] = sum{c}; }
}
