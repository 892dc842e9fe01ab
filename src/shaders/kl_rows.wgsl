// kl[t] = KL(softmax p[t] || softmax q[t]) = sum P (ln P - ln Q), given ln sum exp of each row.
// Summed as P (e^r - 1 - r) with r = ln Q - ln P, which is the same because P and Q both sum to one; every term is at
// least zero, so nothing cancels when the rows are nearly equal. One workgroup per row: each invocation sums every wg-th
// column, then one invocation joins them.
override wg: u32 = 64;
struct Dims { n_rows: u32, n_cols: u32, neg_inf: f32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> p: array<f32>;                 // [n_rows, n_cols] logits
@group(0) @binding(2) var<storage, read> q: array<f32>;                 // [n_rows, n_cols] logits
@group(0) @binding(3) var<storage, read> lse_p: array<f32>;             // [n_rows]
@group(0) @binding(4) var<storage, read> lse_q: array<f32>;             // [n_rows]
@group(0) @binding(5) var<storage, read_write> kl: array<f32>;          // [n_rows], nats

var<workgroup> parts: array<f32, wg>;

fn term(log_p: f32, log_q: f32) -> f32 {
  if (log_p == dims.neg_inf) { return select(exp(log_q), 0.0, log_q == dims.neg_inf); }
  if (log_q == dims.neg_inf) { return -dims.neg_inf; }
  let r = log_q - log_p;
  let prob = exp(log_p);
  if (abs(r) < 0.25) {
    // Taylor series of e^r - 1 - r, next term r^8 / 40320 < 1e-8 of the first
    let tail = r * (0.041666668 + r * (0.008333334 + r * (0.0013888889 + r * 0.0001984127)));
    return prob * r * r * (0.5 + r * (0.16666667 + tail));
  }
  return max(0.0, exp(log_q) - prob - prob * r);
}

@compute @workgroup_size(wg)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) own: u32) {
  let row = group.x + group.y * 32768u;
  if (row >= dims.n_rows) { return; }
  let start = row * dims.n_cols;
  let of_p = lse_p[row];
  let of_q = lse_q[row];
  var sum = 0.0;
  for (var i = own; i < dims.n_cols; i += wg) { sum += term(p[start + i] - of_p, q[start + i] - of_q); }
  parts[own] = sum;
  workgroupBarrier();
  if (own != 0u) { return; }
  for (var i = 1u; i < wg; i++) { sum += parts[i]; }
  kl[row] = sum;
}
