// What kernels share that look at logits of groups of 16 columns without storing the whole of them. They declare `bias`.
struct Dims {
  n_rows: u32, k4: u32, n: u32, has_bias: u32, // k4 = K / 4; n columns in this part of the matrix
  cap: f32, column: u32, per_row: u32, neg_inf: f32, // cap = 0: none; `column`: the part's first; groups in a row of outputs
}
@group(0) @binding(0) var<uniform> dims: Dims;

// Logits of the 16 columns from `first` of this part on: with bias and cap, -inf beyond the last.
fn logits_of(sum: mat4x4f, first: u32) -> mat4x4f {
  var logits = sum;
  for (var c = 0u; c < 4u; c++) {
    var value = sum[c];
    if (dims.has_bias == 1u) {
      for (var i = 0u; i < 4u; i++) { value[i] += bias[dims.column + min(first + 4u * c + i, dims.n - 1u)]; }
    }
    if (dims.cap > 0.0) { value = dims.cap * tanh_safe(value / dims.cap); }
    let at = first + 4u * c + vec4u(0u, 1u, 2u, 3u);
    logits[c] = select(vec4f(dims.neg_inf), value, at < vec4u(dims.n));
  }
  return logits;
}

// The largest of 16; NaN counts as -inf.
fn largest_of(logits: mat4x4f) -> f32 {
  var tops = vec4f(dims.neg_inf);
  for (var c = 0u; c < 4u; c++) { tops = select(tops, logits[c], logits[c] > tops); }
  return max(max(tops.x, tops.y), max(tops.z, tops.w));
}
