// What kernels that keep many sums in registers share.

// sum + b · u
fn plus_product(sum: vec4f, b: mat4x4f, u: vec4f) -> vec4f {
  return fma(b[3], vec4f(u.w), fma(b[2], vec4f(u.z), fma(b[1], vec4f(u.y), fma(b[0], vec4f(u.x), sum))));
}
