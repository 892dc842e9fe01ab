// m[t,g] = max of p[t,f] over the latents f of group g,  p = x · W_enc + b_enc; p itself is never stored.
// As sae_group_max, with subgroups: the four invocations of a quad read x together, which leaves room for more tokens to
// share each weight. One invocation: `rows` tokens × 16 latents in registers, no barriers. Lines that begin with # are
// repeated, see gpu/repeat.ts.
override wg: u32 = 8;        // a multiple of 4
override rows: u32 = 16;     // 4, 8 or 16; the compiler drops the rest
override per_group: u32 = 2; // vec4s of latents that share a maximum: 1, 2 or 4
struct Dims { n_tok: u32, d4: u32, f4: u32, n_latents: u32, n_groups: u32, neg_inf: f32 } // f4: row stride of w_enc
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;               // [n_tok, d4]
@group(0) @binding(2) var<storage, read> w_enc: array<W4>;              // [4 d4, f4]
@group(0) @binding(3) var<storage, read> b_enc: array<f32>;             // [n_latents]
@group(0) @binding(4) var<storage, read_write> m: array<f32>;           // [n_tok, n_groups]

// Four rows of W_enc, in the four columns of latents that begin at `at`.
fn rows_at(at: u32, f4: u32) -> mat4x4f {
  return mat4x4f(w4(w_enc[at]), w4(w_enc[at + f4]), w4(w_enc[at + 2u * f4]), w4(w_enc[at + 3u * f4]));
}

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  // Nobody leaves early: a quad works together. Beyond the edge the last column or row is computed again, not stored.
  let first = id.x * 16u;
  let t = id.y * rows;
  // Read once: a uniform is not free where everything runs on the processor.
  let d4 = dims.d4;
  let f4 = dims.f4;
  #g<4 let start{g} = min(t + 4u * {g}u + lane % 4u, dims.n_tok - 1u) * d4;
  #c<4 var at{c} = min(id.x * 4u + {c}u, f4 - 1u);
  #g<4 #r<4 #c<4 var p{g}{r}{c} = vec4f(0.0);
  for (var i = 0u; i < d4; i++) {
    #g<4 var v{g} = vec4f(0.0); // token r of the group in lane r of the quad
    #g<4 if (rows > {g}u * 4u) { v{g} = x[start{g} + i]; }
    #g<4 #r<4 let u{g}{r} = quadBroadcast(v{g}, {r}u);
    // Column by column: software adapters have few registers, and this keeps most in use.
    {
      let b = rows_at(at0, f4);
      #g<4 #r<4 if (rows > {g}u * 4u) { p{g}{r}0 = plus_product(p{g}{r}0, b, u{g}{r}); }
    }
    {
      let b = rows_at(at1, f4);
      #g<4 #r<4 if (rows > {g}u * 4u) { p{g}{r}1 = plus_product(p{g}{r}1, b, u{g}{r}); }
    }
    {
      let b = rows_at(at2, f4);
      #g<4 #r<4 if (rows > {g}u * 4u) { p{g}{r}2 = plus_product(p{g}{r}2, b, u{g}{r}); }
    }
    {
      let b = rows_at(at3, f4);
      #g<4 #r<4 if (rows > {g}u * 4u) { p{g}{r}3 = plus_product(p{g}{r}3, b, u{g}{r}); }
    }
    #c<4 at{c} += 4u * f4;
  }
  // Copied first, so that finishing is compiled once and not for each of the 64.
  var p: array<vec4f, 64>;
  #g<4 #r<4 #c<4 p[16u * {g}u + 4u * {r}u + {c}u] = p{g}{r}{c};
  for (var r = 0u; r < rows && t + r < dims.n_tok; r++) {
    for (var j = 0u; j < 4u / per_group; j++) {
      let latent = first + 4u * per_group * j;
      if (latent >= dims.n_latents) { break; }
      var top = dims.neg_inf;
      for (var i = 0u; i < per_group; i++) { top = max(top, largest(p[4u * r + per_group * j + i], latent + 4u * i)); }
      m[(t + r) * dims.n_groups + latent / (4u * per_group)] = top;
    }
  }
}
