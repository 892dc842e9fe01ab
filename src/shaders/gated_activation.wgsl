// y[t,c] = activation(gate[t,c]) * up[t,c]: the middle of a gated MLP. Both operands may be column ranges of one matrix.
// Source: Shazeer 2020, arXiv:2002.05202 (GLU variants).
override wg: u32 = 64;
struct Dims {
  n_rows: u32, d4: u32, kind: u32,                                      // d4 = columns of y / 4
  gate_stride4: u32, gate_start4: u32, up_stride4: u32, up_start4: u32, // in vec4s
}
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> gate: array<vec4f>;            // rows of gate_stride4
@group(0) @binding(2) var<storage, read> up: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;         // [n_rows, d4]

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.y + id.z * 32768u;
  if (id.x >= dims.d4 || row >= dims.n_rows) { return; }
  let g = gate[row * dims.gate_stride4 + dims.gate_start4 + id.x];
  y[row * dims.d4 + id.x] = activate(g, dims.kind) * up[row * dims.up_stride4 + dims.up_start4 + id.x];
}
