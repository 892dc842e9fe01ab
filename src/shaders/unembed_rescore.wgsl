// The logits of the chosen groups of 16 columns of each row, in the order of `chosen`, and the largest of each group:
// what unembed_scan did not store of them. -inf beyond the last column. One invocation: one group of one row; groups outside
// this part of the matrix are left to the parts they are in.
override wg: u32 = 16;
override nk: bool = false;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;               // [n_rows, k4]
@group(0) @binding(2) var<storage, read> w: array<W4>;                  // [K, n / 4], or [n, k4] with nk
@group(0) @binding(3) var<storage, read> bias: array<f32>;              // [all columns]
@group(0) @binding(4) var<storage, read> chosen: array<u32>;            // [n_rows, per_row], groups among all columns
@group(0) @binding(5) var<storage, read_write> logits: array<vec4f>;    // [n_rows, per_row, 4]
@group(0) @binding(6) var<storage, read_write> best: array<f32>;        // [n_rows, per_row]

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.y + id.z * 32768u;
  if (id.x >= dims.per_row || row >= dims.n_rows) { return; }
  let at = row * dims.per_row + id.x;
  let first = chosen[at] * 16u - dims.column; // huge where it lies before
  if (first >= dims.n) { return; }
  let col4 = first / 4u;
  let at0 = columns(col4 + 0u); let at1 = columns(col4 + 1u);
  let at2 = columns(col4 + 2u); let at3 = columns(col4 + 3u);
  var sum = mat4x4f();
  for (var k = 0u; k < dims.k4; k++) {
    let v = x[row * dims.k4 + k];
    sum += mat4x4f(block_of(at0, k) * v, block_of(at1, k) * v, block_of(at2, k) * v, block_of(at3, k) * v);
  }
  let found = logits_of(sum, first);
  for (var c = 0u; c < 4u; c++) { logits[4u * at + c] = found[c]; }
  best[at] = largest_of(found);
}
