// Weights stored as f32: four at a time. A kernel declares `array<W4>` and reads `w4(weights[i])`.
alias W4 = vec4f;
fn w4(packed: W4) -> vec4f { return packed; }
