// y[t,c] = row[c] where t >= from_row and keep[c] is 0, x[t,c] elsewhere. One invocation: 4 columns of a row.
override wg: u32 = 64;
struct Dims { n_rows: u32, d4: u32, from_row: u32 }                     // d4 = d / 4
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;               // [n_rows, d4]
@group(0) @binding(2) var<storage, read> row: array<vec4f>;             // [d4]
@group(0) @binding(3) var<storage, read> keep: array<vec4f>;            // [d4], 1 or 0
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;         // [n_rows, d4]

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  let t = id.y + id.z * 32768u;
  if (c >= dims.d4 || t >= dims.n_rows) { return; }
  let own = x[t * dims.d4 + c];
  let kept = t < dims.from_row;
  y[t * dims.d4 + c] = select(select(row[c], own, keep[c] != vec4f(0.0)), own, kept);
}
