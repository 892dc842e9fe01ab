// Weights stored as packed bf16 pairs (first value in the low half): the upper halves of f32s, so widening is exact.
alias W4 = vec2u;
fn w4(packed: W4) -> vec4f {
  let low = bitcast<vec2f>(packed << vec2u(16u));
  let high = bitcast<vec2f>(packed & vec2u(0xffff0000u));
  return vec4f(low.x, high.x, low.y, high.y);
}
