/** In closed form: n steps of v ← f·v + t leave fⁿ·v + t·(1 − fⁿ)/(1 − f); f ≠ 1. */
export function fmaChainReference(
  x: ArrayLike<number>,
  { steps, factor, term, chains }: { steps: number; factor: number; term: number; chains: number },
): Float64Array {
  const power = factor ** (8 * steps);
  const limit = (term * (1 - power)) / (1 - factor);
  return Float64Array.from(x, (value) => {
    let sum = 0;
    for (let chain = 0; chain < chains; chain++) sum += power * (value + chain) + limit;
    return sum;
  });
}
