/**
 * Chooses places at random, but always the same ones: those whose hash is smallest. Two rounds of MurmurHash3's
 * finaliser; the kernel `sae_candidates` computes the same.
 * @source Appleby, MurmurHash3 `fmix32`
 */
export function placeHash(item: number, token: number): number {
  return mix(mix(item + 0x9e3779b9) ^ Math.imul(token + 1, 0x85ebca6b));
}

function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
