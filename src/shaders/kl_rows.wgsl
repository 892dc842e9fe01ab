// kl[t] = KL(softmax p[t] || softmax q[t]) = sum P (ln P - ln Q).
// Summed as P (e^r - 1 - r) with r = ln Q - ln P, which is the same because P and Q both sum to one; every term is at
// least zero, so nothing cancels when the rows are nearly equal. One workgroup per row, as in log_prob_gather.
override wg: u32 = 64;
struct Dims { n_rows: u32, n_cols: u32, neg_inf: f32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> p: array<f32>;                 // [n_rows, n_cols] logits
@group(0) @binding(2) var<storage, read> q: array<f32>;                 // [n_rows, n_cols] logits
@group(0) @binding(3) var<storage, read_write> kl: array<f32>;          // [n_rows], nats

var<workgroup> parts: array<vec4f, wg>;                                 // maxima of p, q; sums of p, q
var<workgroup> lse: vec2f;

fn relative(x: f32, top: f32) -> f32 { return select(exp(x - top), 0.0, x == dims.neg_inf); }

fn joined(a: vec2f, b: vec2f) -> vec2f {
  let top = max(a.x, b.x);
  return vec2f(top, a.y * relative(a.x, top) + b.y * relative(b.x, top));
}

fn with_entry(part: vec2f, x: f32) -> vec2f {
  if (x > part.x) { return vec2f(x, part.y * relative(part.x, x) + 1.0); }
  return vec2f(part.x, part.y + relative(x, part.x));
}

fn term(log_p: f32, log_q: f32) -> f32 {
  if (log_p == dims.neg_inf) { return select(exp(log_q), 0.0, log_q == dims.neg_inf); }
  if (log_q == dims.neg_inf) { return -dims.neg_inf; }
  let r = log_q - log_p;
  if (abs(r) < 0.25) {
    // Taylor series of e^r - 1 - r, next term r^8 / 40320 < 1e-8 of the first
    let series = 1.0 + r / 3.0 * (1.0 + r / 4.0 * (1.0 + r / 5.0 * (1.0 + r / 6.0 * (1.0 + r / 7.0))));
    return exp(log_p) * 0.5 * r * r * series;
  }
  let prob = exp(log_p);
  return max(0.0, exp(log_q) - prob - prob * r);
}

@compute @workgroup_size(wg)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) own: u32) {
  let row = group.x + group.y * 32768u;
  if (row >= dims.n_rows) { return; }
  let start = row * dims.n_cols;
  var of_p = vec2f(dims.neg_inf, 0.0);
  var of_q = of_p;
  for (var i = own; i < dims.n_cols; i += wg) {
    of_p = with_entry(of_p, p[start + i]);
    of_q = with_entry(of_q, q[start + i]);
  }
  parts[own] = vec4f(of_p.x, of_q.x, of_p.y, of_q.y);
  workgroupBarrier();
  if (own == 0u) {
    for (var i = 1u; i < wg; i++) {
      let part = parts[i];
      of_p = joined(of_p, part.xz);
      of_q = joined(of_q, part.yw);
    }
    lse = vec2f(of_p.x + log(of_p.y), of_q.x + log(of_q.y));
  }
  workgroupBarrier();
  let both = lse;
  var sum = 0.0;
  for (var i = own; i < dims.n_cols; i += wg) { sum += term(p[start + i] - both.x, q[start + i] - both.y); }
  parts[own].x = sum;
  workgroupBarrier();
  if (own != 0u) { return; }
  for (var i = 1u; i < wg; i++) { sum += parts[i].x; }
  kl[row] = sum;
}
