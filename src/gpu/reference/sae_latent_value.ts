/** See `kernels/sae_latent_value.ts`. */
export function saeLatentValueReference(
  indices: Uint32Array,
  values: ArrayLike<number>,
  k: number,
  latent: number,
): Float32Array {
  const value = new Float32Array(indices.length / k);
  indices.forEach((index, i) => {
    if (index === latent) value[Math.floor(i / k)] = values[i]!;
  });
  return value;
}
