// Rotary positions in place: in the first `2 half` values of every head, pair (i, i + half) turns by an angle that depends
// on the token and on i. One invocation turns one pair.
// Source: Su et al. 2021, arXiv:2104.09864; the half-split pairing of GPT-NeoX, as in transformers' rotate_half.
override wg: u32 = 64;
struct Dims { n_tok: u32, heads: u32, d_head: u32, half: u32, stride: u32, start: u32 } // in elements
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> table: array<vec2f>;           // [n_tok, half] cosine and sine
@group(0) @binding(2) var<storage, read_write> x: array<f32>;           // [n_tok, stride], heads from `start` on

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x % dims.half;
  let head = id.x / dims.half;
  let t = id.y + id.z * 32768u;
  if (head >= dims.heads || t >= dims.n_tok) { return; }
  let turn = table[t * dims.half + i];
  let at = t * dims.stride + dims.start + head * dims.d_head + i;
  let a = x[at];
  let b = x[at + dims.half];
  x[at] = a * turn.x - b * turn.y;
  x[at + dims.half] = b * turn.x + a * turn.y;
}
