// lse[t] = ln sum_g s[t,g] exp m[t,g],  log_prob[t] = chosen[t] - lse[t]: joins what unembed_scan kept of groups of columns.
// One workgroup per row, as log_prob_gather. A target outside the row gives -inf.
override wg: u32 = 64;
struct Dims { n_rows: u32, n_groups: u32, n_cols: u32, neg_inf: f32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> m: array<f32>;                 // [n_rows, n_groups]
@group(0) @binding(2) var<storage, read> s: array<f32>;                 // [n_rows, n_groups]
@group(0) @binding(3) var<storage, read> chosen: array<f32>;            // [n_rows]
@group(0) @binding(4) var<storage, read> targets: array<u32>;           // [n_rows]
@group(0) @binding(5) var<storage, read_write> log_prob: array<f32>;    // [n_rows]
@group(0) @binding(6) var<storage, read_write> lse: array<f32>;         // [n_rows]

var<workgroup> parts: array<vec2f, wg>;                                 // maximum, sum

@compute @workgroup_size(wg)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) own: u32) {
  let row = group.x + group.y * 32768u;
  if (row >= dims.n_rows) { return; }
  var whole = vec2f(dims.neg_inf, 0.0);
  for (var i = own; i < dims.n_groups; i += wg) {
    whole = joined(whole, vec2f(m[row * dims.n_groups + i], s[row * dims.n_groups + i]));
  }
  parts[own] = whole;
  workgroupBarrier();
  if (own != 0u) { return; }
  for (var i = 1u; i < wg; i++) { whole = joined(whole, parts[i]); }
  let total = whole.x + log(whole.y);
  lse[row] = total;
  log_prob[row] = select(dims.neg_inf, chosen[row] - total, targets[row] < dims.n_cols);
}
