// y = activation(x · W + bias) + residual for adapters with real workgroup memory. A workgroup computes 4 wg_y rows ×
// 4 wg_x columns; step by step along K it brings a tile of both operands into workgroup memory, where each invocation
// finds what its 4 × 4 results need.
override wg_x: u32 = 8;
override wg_y: u32 = 8;
override nk: bool = false;
override depth4: u32 = 4;                                               // vec4s of K a tile holds
@group(0) @binding(1) var<storage, read> x: array<vec4f>;               // [n_rows, k4]
@group(0) @binding(2) var<storage, read> w: array<W4>;                  // [K, n / 4], or [n, k4] with nk
@group(0) @binding(3) var<storage, read> bias: array<f32>;              // [width]
@group(0) @binding(4) var<storage, read> residual: array<f32>;          // [n_rows, width]
@group(0) @binding(5) var<storage, read_write> y: array<f32>;           // [n_rows, width]

var<workgroup> x_tile: array<vec4f, 4u * wg_y * depth4>;                // [4 wg_y rows, depth4]
var<workgroup> w_tile: array<mat4x4f, depth4 * wg_x>;                   // [depth4, wg_x] blocks of 4 × 4

@compute @workgroup_size(wg_x, wg_y)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let first_row = group.y * 4u * wg_y;
  let first_col4 = group.x * wg_x;
  var sum = mat4x4f();                                                  // column r: row r of the invocation's four
  for (var start = 0u; start < dims.k4; start += depth4) {
    for (var i = index; i < 4u * wg_y * depth4; i += wg_x * wg_y) {
      let row = min(first_row + i / depth4, dims.n_rows - 1u);
      let k = start + i % depth4;
      x_tile[i] = select(vec4f(0.0), x[row * dims.k4 + min(k, dims.k4 - 1u)], k < dims.k4);
    }
    for (var i = index; i < depth4 * wg_x; i += wg_x * wg_y) {
      // Neighbours read along whichever axis lies together in memory.
      let depth = select(i / wg_x, i % depth4, nk);
      let c = select(i % wg_x, i / depth4, nk);
      // Past the end of K the tile of x is zero, so any finite weight will do.
      w_tile[depth * wg_x + c] = block_of(columns(first_col4 + c), min(start + depth, dims.k4 - 1u));
    }
    workgroupBarrier();
    for (var depth = 0u; depth < depth4; depth++) {
      let m = w_tile[depth * wg_x + local.x];
      let at = 4u * local.y * depth4 + depth;
      sum += mat4x4f(
        m * x_tile[at], m * x_tile[at + depth4], m * x_tile[at + 2u * depth4], m * x_tile[at + 3u * depth4]
      );
    }
    workgroupBarrier();
  }
  let row = first_row + 4u * local.y;
  let col4 = first_col4 + local.x;
  for (var r = 0u; r < 4u; r++) { store(row + r, col4, sum[r]); }
}
