// y[t,c] = factor · x[t,c] + w[t] · source[rows[t], c - from] for columns from <= c < from + count of rows t that take a
// row of the source, w[t] = (constant + by_value · values[t]) · back[t]; all else stays as it is, bit for bit.
// One invocation: 4 columns of a row.
override wg: u32 = 64;
struct Dims {
  n_rows: u32, d4: u32, from4: u32, count4: u32, n_source: u32,         // d4 = d / 4
  factor: f32, constant: f32, by_value: f32, has_values: u32, has_scales: u32,
}
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;               // [n_rows, d4]
@group(0) @binding(2) var<storage, read> rows: array<u32>;              // [n_rows], 0xffffffff: the row stays
@group(0) @binding(3) var<storage, read> source: array<vec4f>;          // [n_source, count4]; 0 rows: nothing is added
@group(0) @binding(4) var<storage, read> values: array<f32>;            // [n_rows]
@group(0) @binding(5) var<storage, read> scales: array<vec4f>;          // [n_rows], see row_scale
@group(0) @binding(6) var<storage, read_write> y: array<vec4f>;         // [n_rows, d4]

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  let t = id.y + id.z * 32768u;
  if (c >= dims.d4 || t >= dims.n_rows) { return; }
  let at = t * dims.d4 + c;
  let own = x[at];
  let column = c - dims.from4;                                          // wraps to beyond the last for one before
  if (rows[t] == 0xffffffffu || column >= dims.count4) {
    y[at] = own;
    return;
  }
  // What is replaced must not come through as 0 times something that is not finite.
  var result = vec4f(0.0);
  if (dims.factor != 0.0) { result = dims.factor * own; }
  if (dims.n_source > 0u) {
    var weight = dims.constant;
    if (dims.has_values == 1u) { weight += dims.by_value * values[t]; }
    if (dims.has_scales == 1u) { weight *= scales[t].z; }
    result += weight * source[min(rows[t], dims.n_source - 1u) * dims.count4 + column];
  }
  y[at] = result;
}
