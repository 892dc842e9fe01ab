// lse[t] = ln sum_v exp(logits[t,v]),  log_prob[t] = logits[t,targets[t]] - lse[t].
// One workgroup per row: each invocation keeps a running maximum and the sum of exponentials relative to it over every
// wg-th column, then one invocation joins them. A target outside the row gives -inf.
override wg: u32 = 64;
struct Dims { n_rows: u32, n_cols: u32, neg_inf: f32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> logits: array<f32>;            // [n_rows, n_cols]
@group(0) @binding(2) var<storage, read> targets: array<u32>;           // [n_rows]
@group(0) @binding(3) var<storage, read_write> log_prob: array<f32>;    // [n_rows]
@group(0) @binding(4) var<storage, read_write> lse: array<f32>;         // [n_rows]

var<workgroup> parts: array<vec2f, wg>;                                 // maximum, sum

@compute @workgroup_size(wg)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) own: u32) {
  let row = group.x + group.y * 32768u;
  if (row >= dims.n_rows) { return; }
  let start = row * dims.n_cols;
  var top = dims.neg_inf;
  var sum = 0.0;
  for (var i = own; i < dims.n_cols; i += wg) {
    let x = logits[start + i];
    if (x > top) {
      sum *= relative(top, x);
      top = x;
    }
    sum += relative(x, top);
  }
  parts[own] = vec2f(top, sum);
  workgroupBarrier();
  if (own != 0u) { return; }
  var whole = parts[0];
  for (var i = 1u; i < wg; i++) { whole = joined(whole, parts[i]); }
  let total = whole.x + log(whole.y);
  let wanted = targets[row];
  lse[row] = total;
  log_prob[row] = dims.neg_inf;
  if (wanted < dims.n_cols) { log_prob[row] = logits[start + wanted] - total; }
}
