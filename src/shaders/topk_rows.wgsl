// The k largest entries of each row, sorted; ties go to the lowest column.
// Rank selection: one invocation per entry counts the entries that come before it and, when fewer than k do, writes
// itself at that position. Nothing is negotiated, so there are no barriers, no atomics and one result. An entry stops
// counting as soon as k others precede it, which is early for nearly all of them. Long rows are thinned out first, see
// kernels/topk_rows.ts.
override wg: u32 = 64;
struct Dims {
  n_rows: u32, n_cols: u32, k: u32,
  sign: f32,    // 1 keeps the largest, -1 the smallest
  neg_inf: f32, // WGSL has no literal for it
}
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;                 // [n_rows, n_cols]
@group(0) @binding(2) var<storage, read_write> indices: array<u32>;     // [n_rows, k]
@group(0) @binding(3) var<storage, read_write> values: array<f32>;      // [n_rows, k]

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let own = id.x;
  let row = id.y + id.z * 32768u;
  if (row >= dims.n_rows) { return; }
  let out = row * dims.k;
  if (own >= dims.n_cols) {
    // Padding ranks after every entry, so its place is known.
    if (own < dims.k) {
      indices[out + own] = 0xffffffffu;
      values[out + own] = 0.0;
    }
    return;
  }
  let start = row * dims.n_cols;
  let raw = x[start + own] * dims.sign;
  // NaN fails every comparison; it counts as the worst value, before which all earlier entries come.
  let value = select(dims.neg_inf, raw, raw > dims.neg_inf);
  var rank = 0u;
  if (value == dims.neg_inf) {
    rank = own;
  } else {
    for (var i = 0u; i < own && rank < dims.k; i++) { rank += u32(x[start + i] * dims.sign >= value); }
  }
  for (var i = own + 1u; i < dims.n_cols && rank < dims.k; i++) { rank += u32(x[start + i] * dims.sign > value); }
  if (rank < dims.k) {
    indices[out + rank] = own;
    values[out + rank] = value * dims.sign;
  }
}
