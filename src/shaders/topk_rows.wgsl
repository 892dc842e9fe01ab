// The k largest entries of each chunk of each row, sorted; ties go to the lowest column.
// Rank selection: one invocation per entry counts the entries of its chunk that come before it and, when fewer than k
// do, writes itself at that position. Nothing is negotiated, so there are no barriers, no atomics and one result. An
// entry stops counting as soon as k others precede it, which is early for nearly all of them.
override wg: u32 = 64;
struct Dims {
  n_rows: u32, n_cols: u32, chunk: u32, n_chunks: u32, // the last chunk may be short
  k: u32,                                              // kept per chunk, at most `chunk`
  sign: f32,                                           // 1 keeps the largest, -1 the smallest
  last: u32,                                           // 1 when this is the only pass: values leave as they came
  neg_inf: f32,                                        // WGSL has no literal for it
}
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;                 // [n_rows, n_cols]
@group(0) @binding(2) var<storage, read_write> indices: array<u32>;     // [n_rows, n_chunks, k]
@group(0) @binding(3) var<storage, read_write> values: array<f32>;      // [n_rows, n_chunks, k], times sign

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.y + id.z * 32768u;
  let chunk = id.x / dims.chunk;
  if (row >= dims.n_rows || chunk >= dims.n_chunks) { return; }
  let first = chunk * dims.chunk;
  let length = min(dims.chunk, dims.n_cols - first);
  let own = id.x - first;
  let out = (row * dims.n_chunks + chunk) * dims.k;
  if (own >= length) {
    // Padding ranks after every entry, so its place is known.
    if (own < dims.k) {
      indices[out + own] = 0xffffffffu;
      values[out + own] = select(dims.neg_inf, 0.0, dims.last == 1u);
    }
    return;
  }
  let start = row * dims.n_cols + first;
  let raw = x[start + own];
  // NaN fails every comparison; it counts as the worst value, before which all earlier entries come.
  let value = select(dims.neg_inf, raw * dims.sign, raw * dims.sign > dims.neg_inf);
  var rank = 0u;
  if (value == dims.neg_inf) {
    rank = own;
  } else {
    for (var i = 0u; i < own && rank < dims.k; i++) { rank += u32(x[start + i] * dims.sign >= value); }
  }
  for (var i = own + 1u; i < length && rank < dims.k; i++) { rank += u32(x[start + i] * dims.sign > value); }
  if (rank < dims.k) {
    indices[out + rank] = first + own;
    values[out + rank] = select(value, value * dims.sign, dims.last == 1u);
  }
}
