// Sums of exponentials kept as (maximum, sum relative to it). Kernels declare `dims` with neg_inf.

// exp(x - top) where top is the maximum so far: -inf - -inf must not become NaN.
fn relative(x: f32, top: f32) -> f32 { return select(exp(x - top), 0.0, x == dims.neg_inf); }

fn joined(a: vec2f, b: vec2f) -> vec2f {
  let top = max(a.x, b.x);
  return vec2f(top, a.y * relative(a.x, top) + b.y * relative(b.x, top));
}
