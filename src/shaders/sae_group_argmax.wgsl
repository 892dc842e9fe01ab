// The largest pre-activation p[t,f] + b_enc[f] of each group of latents, ties to the lowest; not above zero: padding.
// One invocation per token and group.
override wg: u32 = 32;
struct Dims { n_tok: u32, width: u32, group: u32, k: u32, first_row: u32, neg_inf: f32 } // width: row stride of p
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> p: array<f32>;                 // [n_tok, width]
@group(0) @binding(2) var<storage, read> b_enc: array<f32>;             // [k * group]
@group(0) @binding(3) var<storage, read_write> indices: array<u32>;     // [.., k]
@group(0) @binding(4) var<storage, read_write> values: array<f32>;      // [.., k]

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let t = id.y + id.z * 32768u;
  if (id.x >= dims.k || t >= dims.n_tok) { return; }
  var best = dims.neg_inf;
  var at = 0u;
  for (var f = id.x * dims.group; f < (id.x + 1u) * dims.group; f++) {
    let value = p[t * dims.width + f] + b_enc[f];
    if (value > best) { best = value; at = f; }
  }
  let place = (dims.first_row + t) * dims.k + id.x;
  let is_active = best > 0.0;
  indices[place] = select(0xffffffffu, at, is_active);
  values[place] = select(0.0, best, is_active);
}
