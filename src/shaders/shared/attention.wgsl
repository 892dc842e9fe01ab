// What the attention kernels share. They declare q, k, offsets and entries.
const PARTIAL = 0x80000000u;
const LOWEST = -3.4028234e38;                                           // what a masked score counts as
struct Dims {
  n_queries: u32, n_keys: u32, query_offset: u32, n_heads: u32, group: u32, d4: u32, // group = query heads per key head
  q_stride4: u32, q_start4: u32, k_stride4: u32, k_start4: u32, v_stride4: u32, v_start4: u32, // in vec4s
  block_size: u32, blocks_per_head: u32, window: u32, sinks: u32, bits_start: u32, scale: f32, cap: f32, // blocks_per_head = 0: one mask for all; cap = 0: none
} // bits_start: where element masks begin in entries, block_size words an entry; 0: none
@group(0) @binding(0) var<uniform> dims: Dims;

// Scaled and soft-capped scores: cap · tanh(s / cap). Some drivers give NaN for tanh of large arguments.
fn scaled(products: vec4f) -> vec4f {
  let s = products * dims.scale;
  if (dims.cap == 0.0) { return s; }
  return dims.cap * tanh(clamp(s / dims.cap, vec4f(-15.0), vec4f(15.0)));
}

// The element rule of partial blocks: may the query at position t read key s?
fn visible(s: u32, t: vec4u) -> vec4<bool> {
  let near = t - s < vec4u(dims.window);                                // wraps where s > t, which is masked anyway
  return (vec4u(s) <= t) & (near | vec4<bool>(dims.window == 0u || s < dims.sinks));
}

// The same for one query and four keys.
fn visible_keys(s: vec4u, t: u32) -> vec4<bool> {
  let near = vec4u(t) - s < vec4u(dims.window);
  return (s <= vec4u(t)) & (near | vec4<bool>(dims.window == 0u) | (s < vec4u(dims.sinks)));
}

// Element masks of 4 rows of a block, the first being row `inside` of entry `e`: bit i is key i of the block.
fn row_bits(e: u32, inside: u32) -> vec4u {
  if (dims.bits_start == 0u) { return vec4u(0xffffffffu); }
  let at = dims.bits_start + e * dims.block_size + min(vec4u(inside) + vec4u(0u, 1u, 2u, 3u), vec4u(dims.block_size - 1u));
  return vec4u(entries[at.x], entries[at.y], entries[at.z], entries[at.w]);
}

fn bit_at(words: vec4u, i: u32) -> vec4<bool> { return ((words >> vec4u(i)) & vec4u(1u)) == vec4u(1u); }

fn q_at(row: u32, head: u32) -> u32 { return min(row, dims.n_queries - 1u) * dims.q_stride4 + dims.q_start4 + head * dims.d4; }
fn k_at(s: u32, head: u32) -> u32 { return s * dims.k_stride4 + dims.k_start4 + head / dims.group * dims.d4; }
fn v_at(s: u32, head: u32) -> u32 { return s * dims.v_stride4 + dims.v_start4 + head / dims.group * dims.d4; }
