// y[t + row, to .. to + count] = x[t, from .. from + count]: a column range of every row, e.g. the queries out of fused
// q|k|v, to rows and columns of another matrix, e.g. those of a cache. The rest of y stays.
override wg: u32 = 64;
struct Dims { width4: u32, from4: u32, count4: u32, y_width4: u32, row: u32, to4: u32 } // all columns / 4
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;               // [n_rows, width4]
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;         // rows of y_width4

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= dims.count4) { return; }
  y[(id.y + dims.row) * dims.y_width4 + dims.to4 + id.x] = x[id.y * dims.width4 + dims.from4 + id.x];
}
