// Lists the places of sparse codes that may be kept: as one of a latent's largest values, as one of those of smallest
// hash in its stratum, or because all of the token is wanted. One invocation per place of the codes; the list comes in no
// order. Its first word counts all of them, also those there is no room for.
override wg: u32 = 32;
struct Dims { n_tok: u32, k: u32, n_latents: u32, bins: u32, room: u32, first_row: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> indices: array<u32>;            // [n_tok, k], 0xffffffff where unused
@group(0) @binding(2) var<storage, read> values: array<f32>;             // [n_tok, k]
@group(0) @binding(3) var<storage, read> places: array<vec4u>;           // [n_tok] item, token, hash, 1 counted + 2 wanted
@group(0) @binding(4) var<storage, read> edges: array<f32>;              // [bins + 1]
@group(0) @binding(5) var<storage, read> least: array<f32>;              // [n_latents] smaller values are no top values
@group(0) @binding(6) var<storage, read> most: array<u32>;               // [n_latents, bins] larger hashes are not kept
@group(0) @binding(7) var<storage, read_write> found: array<atomic<u32>>; // [1 + 3 room] how many, then latent, row, value as bits

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let t = id.y + id.z * 32768u;
  if (id.x >= dims.k || t >= dims.n_tok) { return; }
  let place = places[t];
  if ((place.w & 1u) == 0u) { return; }
  let latent = indices[t * dims.k + id.x];
  let value = values[t * dims.k + id.x];
  if (latent >= dims.n_latents || value <= 0.0) { return; }
  let is_top = value >= least[latent];
  let is_kept = place.z <= most[latent * dims.bins + bin_of(value)];
  if (!is_top && !is_kept && (place.w & 2u) == 0u) { return; }
  let slot = atomicAdd(&found[0], 1u);
  if (slot >= dims.room) { return; }
  let at = 1u + 3u * slot;
  atomicStore(&found[at], latent);
  atomicStore(&found[at + 1u], dims.first_row + t);
  atomicStore(&found[at + 2u], bitcast<u32>(value));
}
