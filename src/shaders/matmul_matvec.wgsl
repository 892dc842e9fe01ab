// y = activation(x · W + bias) + residual for one row or a few, on adapters with real workgroup memory: generation reads
// every weight once per token, so what counts is many invocations reading together. A workgroup computes 4 cols columns
// of one row; `splits` invocations share the work along K of each block of columns.
override cols: u32 = 8;
override splits: u32 = 16;
override nk: bool = false;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;               // [n_rows, k4]
@group(0) @binding(2) var<storage, read> w: array<W4>;                  // [K, n / 4], or [n, k4] with nk
@group(0) @binding(3) var<storage, read> bias: array<f32>;              // [width]
@group(0) @binding(4) var<storage, read> residual: array<f32>;          // [n_rows, width]
@group(0) @binding(5) var<storage, read_write> y: array<f32>;           // [n_rows, width]

var<workgroup> partial: array<vec4f, cols * splits>;                    // [splits, cols]

@compute @workgroup_size(cols * splits)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32) {
  // Neighbours read along whichever axis lies together in memory.
  let c = select(index % cols, index / splits, nk);
  let split = select(index / cols, index % splits, nk);
  let row = group.y;
  let at = columns(group.x * cols + c);
  var sum = vec4f(0.0);
  for (var k = split; k < dims.k4; k += splits) { sum += block_of(at, k) * x[row * dims.k4 + k]; }
  partial[split * cols + c] = sum;
  workgroupBarrier();
  if (split == 0u) {
    for (var i = 1u; i < splits; i++) { sum += partial[i * cols + c]; }
    store(row, group.x * cols + c, sum);
  }
}
