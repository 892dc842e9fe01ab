// Merges groups of sorted lists (made by topk_rows or by this kernel) into one sorted list of k each. Lists stand in
// column order, so of equal values the one in the earlier list has the lower column. Rank selection: one invocation
// per entry adds to its own position how many entries of every other list precede it, found by bisection.
override wg: u32 = 64;
struct Dims {
  n_rows: u32, n_lists: u32, k_in: u32, // lists of k_in entries; padding (index 0xffffffff) only at the very end
  fan_in: u32, n_groups: u32, width: u32, // width = invocations per group = max(fan_in * k_in, k)
  k: u32,
  sign: f32,
  last: u32,                            // 1 in the last pass: values get their sign back, padding the value 0
  neg_inf: f32,
}
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> indices_in: array<u32>;          // [n_rows, n_lists, k_in]
@group(0) @binding(2) var<storage, read> values_in: array<f32>;           // [n_rows, n_lists, k_in]
@group(0) @binding(3) var<storage, read_write> indices: array<u32>;       // [n_rows, n_groups, k]
@group(0) @binding(4) var<storage, read_write> values: array<f32>;        // [n_rows, n_groups, k]

// How many entries of the list at `start` precede `value`; equal ones do when `ties` is set.
fn preceding(start: u32, value: f32, ties: bool) -> u32 {
  var low = 0u;
  var high = dims.k_in;
  while (low < high) {
    let middle = (low + high) / 2u;
    let other = values_in[start + middle];
    if (other > value || (ties && other == value)) { low = middle + 1u; } else { high = middle; }
  }
  return low;
}

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.y + id.z * 32768u;
  let group = id.x / dims.width;
  if (row >= dims.n_rows || group >= dims.n_groups) { return; }
  let own = id.x % dims.width;
  let first_list = group * dims.fan_in;
  let n_lists = min(dims.fan_in, dims.n_lists - first_list);
  let out = (row * dims.n_groups + group) * dims.k;
  let padding = select(dims.neg_inf, 0.0, dims.last == 1u);
  if (own >= n_lists * dims.k_in) {
    if (own < dims.k) {
      indices[out + own] = 0xffffffffu;
      values[out + own] = padding;
    }
    return;
  }
  let own_list = own / dims.k_in;
  let start = (row * dims.n_lists + first_list) * dims.k_in;
  let value = values_in[start + own];
  let index = indices_in[start + own];
  var rank = own % dims.k_in;
  for (var list = 0u; list < n_lists && rank < dims.k; list++) {
    if (list != own_list) { rank += preceding(start + list * dims.k_in, value, list < own_list); }
  }
  if (rank >= dims.k) { return; }
  indices[out + rank] = index;
  values[out + rank] = select(value, select(value * dims.sign, 0.0, index == 0xffffffffu), dims.last == 1u);
}
