// Activation functions by number; the numbers are in src/gpu/kernels/activation-names.ts.
fn tanh_safe(x: vec4f) -> vec4f { return tanh(clamp(x, vec4f(-15.0), vec4f(15.0))); } // some drivers give NaN beyond

fn gelu_new(x: vec4f) -> vec4f {
  return 0.5 * x * (1.0 + tanh_safe(0.7978845608028654 * (x + 0.044715 * x * x * x)));
}

// erf by Abramowitz and Stegun 7.1.26, |error| < 1.5e-7.
fn erf_approx(x: vec4f) -> vec4f {
  let a = abs(x);
  let t = 1.0 / (1.0 + 0.3275911 * a);
  let poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return sign(x) * (1.0 - poly * exp(-min(a * a, vec4f(80.0))));
}

// x times its logistic; the exponential is of a negative number only, so that nothing overflows.
fn silu(x: vec4f) -> vec4f {
  let e = exp(-min(abs(x), vec4f(120.0)));
  return x * select(vec4f(1.0), e, x < vec4f(0.0)) / (1.0 + e);
}

fn activate(x: vec4f, kind: u32) -> vec4f {
  switch kind {
    case 1u: { return max(x, vec4f(0.0)); }
    case 2u: { return 0.5 * x * (1.0 + erf_approx(x * 0.7071067811865476)); }
    case 3u: { return gelu_new(x); }
    case 4u: { return select(x / (1.0 + exp(-max(x, vec4f(-80.0)))), vec4f(0.0), x < vec4f(-80.0)); }
    default: { return x; }
  }
}
