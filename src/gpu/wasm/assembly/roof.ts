// Multiply-adds that stay in registers, to measure what the processor computes at most; see shaders/fma_chain.wgsl.

function step(v: v128, f: v128, t: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(v, f, t);
  return f32x4.add(f32x4.mul(v, f), t);
}

/** y = Σ over chains c of (v ← factor · v + term, `steps` times, from v = x + c), four values at a time. */
export function fmaChain(x: usize, y: usize, n4: i32, steps: i32, factor: f32, term: f32, chains: i32): void {
  const f = f32x4.splat(factor);
  const t = f32x4.splat(term);
  for (let i: usize = 0; i < (<usize>n4) << 4; i += 16) {
    const x0 = v128.load(x + i);
    let sum = f32x4.splat(0);
    if (chains === 8) sum = eightChains(x0, steps, f, t);
    else
      for (let c = 0; c < chains; c += 2) {
        const start = f32x4.add(x0, f32x4.splat(<f32>c));
        sum = f32x4.add(sum, c + 1 < chains ? twoChains(start, steps, f, t) : oneChain(start, steps, f, t));
      }
    v128.store(y + i, sum);
  }
}

// Exported, so that they stay functions: engines compile a function well once it has been called often.
export function oneChain(v: v128, steps: i32, f: v128, t: v128): v128 {
  for (let i = 0; i < steps; i++) v = step(v, f, t);
  return v;
}

export function twoChains(v0: v128, steps: i32, f: v128, t: v128): v128 {
  let v1 = f32x4.add(v0, f32x4.splat(1));
  for (let i = 0; i < steps; i++) {
    v0 = step(v0, f, t);
    v1 = step(v1, f, t);
  }
  return f32x4.add(v0, v1);
}

// Eight values and both factors fit the sixteen registers there are.
export function eightChains(v0: v128, steps: i32, f: v128, t: v128): v128 {
  let v1 = f32x4.add(v0, f32x4.splat(1));
  let v2 = f32x4.add(v0, f32x4.splat(2));
  let v3 = f32x4.add(v0, f32x4.splat(3));
  let v4 = f32x4.add(v0, f32x4.splat(4));
  let v5 = f32x4.add(v0, f32x4.splat(5));
  let v6 = f32x4.add(v0, f32x4.splat(6));
  let v7 = f32x4.add(v0, f32x4.splat(7));
  for (let i = 0; i < steps; i++) {
    v0 = step(v0, f, t);
    v1 = step(v1, f, t);
    v2 = step(v2, f, t);
    v3 = step(v3, f, t);
    v4 = step(v4, f, t);
    v5 = step(v5, f, t);
    v6 = step(v6, f, t);
    v7 = step(v7, f, t);
  }
  v0 = f32x4.add(f32x4.add(v0, v1), f32x4.add(v2, v3));
  return f32x4.add(v0, f32x4.add(f32x4.add(v4, v5), f32x4.add(v6, v7)));
}
