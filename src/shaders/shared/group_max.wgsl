// What the group-maximum kernels share. They declare `dims` and `b_enc`.

// The largest pre-activation of latents first … first + 3, of those that exist.
fn largest(p: vec4f, first: u32) -> f32 {
  var result = dims.neg_inf;
  for (var i = 0u; i < 4u; i++) {
    if (first + i < dims.n_latents) {
      let value = p[i] + b_enc[first + i];
      if (value > result) { result = value; } // never NaN
    }
  }
  return result;
}
