// The active latents of every token in ascending order, as far as there is room, then padding; and how many they are.
// One invocation per token and segment of latents: it knows its first place from the counts of the segments before it,
// so there are no atomics and one result. Further invocations write the padding.
override wg: u32 = 32;
const PLACES = 64u;                                                     // of padding, per invocation
struct Dims {
  n_tok: u32, width: u32, n_latents: u32, segment: u32, n_segments: u32, // width: row stride of p
  room: u32, first_row: u32,                                             // first_row: where this part of the tokens goes
}
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> p: array<f32>;                 // [n_tok, width]
@group(0) @binding(2) var<storage, read> gates: array<vec4f>;           // [n_latents]
@group(0) @binding(3) var<storage, read> counts: array<u32>;            // [n_tok, n_segments]
@group(0) @binding(4) var<storage, read_write> indices: array<u32>;     // [.., room]
@group(0) @binding(5) var<storage, read_write> values: array<f32>;      // [.., room]
@group(0) @binding(6) var<storage, read_write> totals: array<u32>;      // [..]

fn count_before(t: u32, segment: u32) -> u32 {
  var sum = 0u;
  for (var s = 0u; s < segment; s++) { sum += counts[t * dims.n_segments + s]; }
  return sum;
}

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let t = id.y + id.z * 32768u;
  if (t >= dims.n_tok) { return; }
  let row = dims.first_row + t;
  if (id.x >= dims.n_segments) {
    let place = (id.x - dims.n_segments) * PLACES;
    if (place >= dims.room) { return; }
    let total = count_before(t, dims.n_segments);
    for (var i = max(place, total); i < min(place + PLACES, dims.room); i++) {
      indices[row * dims.room + i] = 0xffffffffu;
      values[row * dims.room + i] = 0.0;
    }
    return;
  }
  let own = counts[t * dims.n_segments + id.x];
  let is_last = id.x == dims.n_segments - 1u;
  if (own == 0u && !is_last) { return; }
  var place = count_before(t, id.x);
  if (is_last) { totals[row] = place + own; }
  let first = id.x * dims.segment;
  for (var f = first; f < min(first + dims.segment, dims.n_latents) && place < dims.room; f++) {
    let product = p[t * dims.width + f];
    if (!is_active(product, gates[f])) { continue; }
    indices[row * dims.room + place] = f;
    values[row * dims.room + place] = magnitude(product, gates[f]);
    place += 1u;
  }
}
