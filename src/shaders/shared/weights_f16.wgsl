// Weights stored as packed f16 pairs (first value in the low half): core WGSL, needs no shader-f16.
alias W4 = vec2u;
fn w4(packed: W4) -> vec4f { return vec4f(unpack2x16float(packed.x), unpack2x16float(packed.y)); }
