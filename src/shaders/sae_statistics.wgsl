// Adds sparse codes to counts, maxima, sums and histograms of every latent. One invocation per place of the codes; all
// results are whole numbers, so the order of the atomics does not show. Sums are of whole numbers of 2^-26, each value
// rounded down to one and taken as 2^25 where it is larger, in two words.
override wg: u32 = 32;
struct Dims { n_tok: u32, k: u32, n_latents: u32, bins: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> indices: array<u32>;            // [n_tok, k], 0xffffffff where unused
@group(0) @binding(2) var<storage, read> values: array<f32>;             // [n_tok, k]
@group(0) @binding(3) var<storage, read> places: array<vec4u>;           // [n_tok] item, token, hash, 1 if it is counted
@group(0) @binding(4) var<storage, read> edges: array<f32>;              // [bins + 1]
@group(0) @binding(5) var<storage, read_write> totals: array<atomic<u32>>; // [n_latents, 4 + bins] count, max as bits, sum low, high, bins

fn fixed(value: f32) -> vec2u {
  let bits = bitcast<u32>(min(value, 33554432.0));
  if (bits < 0x00800000u) { return vec2u(0u); }
  let mantissa = (bits & 0x007fffffu) | 0x00800000u;
  let shift = i32(bits >> 23u) - 124;                                    // exponent - 23 + 26
  if (shift < 0) { return vec2u(select(mantissa >> u32(min(-shift, 31)), 0u, shift < -24), 0u); }
  let up = u32(shift);
  return vec2u(mantissa << up, select(mantissa >> (32u - max(up, 1u)), 0u, up == 0u));
}

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let t = id.y + id.z * 32768u;
  if (id.x >= dims.k || t >= dims.n_tok) { return; }
  if ((places[t].w & 1u) == 0u) { return; }
  let latent = indices[t * dims.k + id.x];
  let value = values[t * dims.k + id.x];
  if (latent >= dims.n_latents || value <= 0.0) { return; }
  let at = latent * (4u + dims.bins);
  atomicAdd(&totals[at], 1u);
  atomicMax(&totals[at + 1u], bitcast<u32>(value));
  let words = fixed(value);
  let before = atomicAdd(&totals[at + 2u], words.x);
  atomicAdd(&totals[at + 3u], words.y + u32(before + words.x < before));
  atomicAdd(&totals[at + 4u + bin_of(value)], 1u);
}
