// The k largest entries among the chosen groups of each row, sorted; ties go to the lowest column. Groups are runs of
// `group` columns of a row of n_cols; the last may be short. Rank selection as in topk_rows, one invocation per group:
// `best`, the largest entry of each chosen group, tells which entries cannot be among the k (k groups hold a larger one)
// and which groups cannot hold anything before an entry.
override wg: u32 = 16;
struct Dims {
  n_rows: u32, n_cols: u32, group: u32, n_chosen: u32, k: u32,
  compact: u32, // 1: x holds only the chosen groups, in the order of `chosen`; 0: x holds whole rows
  relu: u32,    // 1: what is not above zero becomes padding
  sign: f32,    // 1 keeps the largest, -1 the smallest
  neg_inf: f32,
}
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;                 // [n_rows, n_chosen * group] or [n_rows, n_cols]
@group(0) @binding(2) var<storage, read> chosen: array<u32>;            // [n_rows, n_chosen], distinct
@group(0) @binding(3) var<storage, read> best: array<f32>;              // [n_rows, n_chosen], times sign
@group(0) @binding(4) var<storage, read_write> indices: array<u32>;     // [n_rows, k]
@group(0) @binding(5) var<storage, read_write> values: array<f32>;      // [n_rows, k]

// NaN counts as -inf.
fn entry(at: u32) -> f32 {
  let value = x[at] * dims.sign;
  return select(dims.neg_inf, value, value > dims.neg_inf);
}

fn group_start(row: u32, place: u32, first_column: u32) -> u32 {
  if (dims.compact == 1u) { return (row * dims.n_chosen + place) * dims.group; }
  return row * dims.n_cols + first_column;
}

fn rank_of(row: u32, value: f32, column: u32) -> u32 {
  var rank = 0u;
  for (var q = row * dims.n_chosen; q < (row + 1u) * dims.n_chosen && rank < dims.k; q++) {
    if (best[q] < value) { continue; }
    let first = chosen[q] * dims.group;
    let start = group_start(row, q - row * dims.n_chosen, first);
    let length = min(dims.group, dims.n_cols - first);
    for (var i = 0u; i < length; i++) {
      let other = entry(start + i);
      rank += u32(other > value || (other == value && first + i < column));
    }
  }
  return rank;
}

fn store(row: u32, rank: u32, index: u32, value: f32) {
  if (rank >= dims.k) { return; }
  indices[row * dims.k + rank] = index;
  values[row * dims.k + rank] = value;
}

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.y + id.z * 32768u;
  if (row >= dims.n_rows) { return; }
  let n_candidates = dims.n_chosen * dims.group;
  if (id.x >= dims.n_chosen) {
    store(row, n_candidates + id.x - dims.n_chosen, 0xffffffffu, 0.0);
    return;
  }
  var least = dims.neg_inf; // of the k largest
  if (dims.n_chosen >= dims.k) {
    least = best[row * dims.n_chosen];
    for (var q = 1u; q < dims.n_chosen; q++) { least = min(least, best[row * dims.n_chosen + q]); }
  }
  let first = chosen[row * dims.n_chosen + id.x] * dims.group;
  let start = group_start(row, id.x, first);
  for (var i = 0u; i < dims.group; i++) {
    if (first + i >= dims.n_cols) {
      // Only the last group is short: its missing entries come after all others.
      store(row, n_candidates - dims.group + i, 0xffffffffu, 0.0);
      continue;
    }
    let value = entry(start + i);
    if (value < least) { continue; }
    let rank = rank_of(row, value, first + i);
    if (dims.relu == 1u && !(value > 0.0)) {
      store(row, rank, 0xffffffffu, 0.0);
    } else {
      store(row, rank, first + i, value * dims.sign);
    }
  }
}
