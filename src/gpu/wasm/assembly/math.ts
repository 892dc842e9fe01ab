// Four values at a time.

/** a · b + c, in one rounding where the machine has it. */
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** The sum of the four. */
export function sum4(x: v128): f32 {
  const pairs = f32x4.add(x, i32x4.shuffle(x, x, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

/** The largest of the four. */
export function max4(x: v128): f32 {
  const pairs = f32x4.max(x, i32x4.shuffle(x, x, 2, 3, 0, 1));
  return max(f32x4.extract_lane(pairs, 0), f32x4.extract_lane(pairs, 1));
}

/**
 * e^x to 2 units in the last place; 0 below −87.3, where a normal f32 ends, and the exponential of 88.3 above that.
 * @source Cephes expf: x = n ln 2 + r, a polynomial of degree 5 for e^r
 */
export function exp4(x: v128): v128 {
  const bounded = f32x4.pmin(f32x4.splat(88.3762626647949), f32x4.pmax(f32x4.splat(-87.3), x));
  const n = f32x4.nearest(f32x4.mul(bounded, f32x4.splat(1.44269504088896341)));
  // ln 2 in two parts, the first exact when multiplied by n
  let r = f32x4.sub(bounded, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = madd(n, f32x4.splat(2.1219444e-4), r);
  let p = madd(f32x4.splat(1.98756915e-4), r, f32x4.splat(1.3981999507e-3));
  p = madd(p, r, f32x4.splat(8.3334519073e-3));
  p = madd(p, r, f32x4.splat(4.1665795894e-2));
  p = madd(p, r, f32x4.splat(1.6666665459e-1));
  p = madd(p, r, f32x4.splat(5.0000001201e-1));
  const e = f32x4.add(madd(p, f32x4.mul(r, r), r), f32x4.splat(1));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return v128.and(f32x4.mul(e, power), f32x4.ge(x, f32x4.splat(-87.3)));
}

/** tanh x, whose sign is taken from x: the exponential is of a negative number, so that nothing overflows. */
export function tanh4(x: v128): v128 {
  const a = f32x4.abs(x);
  const e = exp4(f32x4.mul(a, f32x4.splat(-2)));
  const far = f32x4.div(f32x4.sub(f32x4.splat(1), e), f32x4.add(f32x4.splat(1), e));
  // Near zero 1 − e cancels: there x + x³ p(x²), Cephes tanhf.
  const z = f32x4.mul(x, x);
  let p = madd(f32x4.splat(-5.70498872745e-3), z, f32x4.splat(2.06390887954e-2));
  p = madd(p, z, f32x4.splat(-5.37397155531e-2));
  p = madd(p, z, f32x4.splat(1.33314422036e-1));
  p = madd(p, z, f32x4.splat(-3.33332819422e-1));
  const near = madd(f32x4.mul(p, z), a, a);
  const size = v128.bitselect(near, far, f32x4.lt(a, f32x4.splat(0.625)));
  return v128.bitselect(x, size, i32x4.splat(0x80000000));
}

/** The error function by Abramowitz and Stegun 7.1.26, |error| < 1.5e-7, as the shaders have it. */
function erf4(x: v128): v128 {
  const a = f32x4.abs(x);
  const t = f32x4.div(f32x4.splat(1), madd(f32x4.splat(0.3275911), a, f32x4.splat(1)));
  let p = madd(f32x4.splat(1.061405429), t, f32x4.splat(-1.453152027));
  p = madd(p, t, f32x4.splat(1.421413741));
  p = madd(p, t, f32x4.splat(-0.284496736));
  p = f32x4.mul(madd(p, t, f32x4.splat(0.254829592)), t);
  const size = f32x4.sub(f32x4.splat(1), f32x4.mul(p, exp4(f32x4.neg(f32x4.mul(a, a)))));
  return v128.bitselect(x, size, i32x4.splat(0x80000000));
}

/** Activation `kind` of `kernels/activation-names.ts`. */
export function activate4(x: v128, kind: i32): v128 {
  switch (kind) {
    case 1:
      return f32x4.max(x, f32x4.splat(0));
    case 2: {
      const erf = erf4(f32x4.mul(x, f32x4.splat(0.7071067811865476)));
      return f32x4.mul(f32x4.mul(x, f32x4.splat(0.5)), f32x4.add(f32x4.splat(1), erf));
    }
    case 3: {
      const cube = f32x4.mul(f32x4.mul(x, x), f32x4.mul(x, f32x4.splat(0.044715)));
      const tanh = tanh4(f32x4.mul(f32x4.splat(0.7978845608028654), f32x4.add(x, cube)));
      return f32x4.mul(f32x4.mul(x, f32x4.splat(0.5)), f32x4.add(f32x4.splat(1), tanh));
    }
    case 4: {
      const e = exp4(f32x4.neg(f32x4.abs(x)));
      const top = v128.bitselect(e, f32x4.splat(1), f32x4.lt(x, f32x4.splat(0)));
      return f32x4.mul(x, f32x4.div(top, f32x4.add(f32x4.splat(1), e)));
    }
    default:
      return x;
  }
}

/** ln x of a normal x > 0, to 1e-10: x = 2^n m with m near 1, and ln m = 2 artanh((m − 1) / (m + 1)) by its series. */
export function ln(x: f64): f64 {
  const bits = reinterpret<u64>(x) - 0x3fe6a09e667f3bcd; // of √½
  const n = <i64>bits >> 52;
  const m = reinterpret<f64>((bits & 0xfffffffffffff) + 0x3fe6a09e667f3bcd);
  const s = (m - 1) / (m + 1);
  const q = s * s;
  const series =
    1 + q * (1 / 3.0 + q * (1 / 5.0 + q * (1 / 7.0 + q * (1 / 9.0 + q * (1 / 11.0 + q / 13.0)))));
  return <f64>n * 0.6931471805599453 + 2 * s * series;
}
