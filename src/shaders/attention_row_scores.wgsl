// sums[h,t,m] = sum over marked keys s <= t of pattern[h,t,s] * factor: what each query of each head gives to kinds of keys.
// One workgroup per query and head, one invocation per measure m; every one walks the same keys.
override wg: u32 = 32;
const EVERY: u32 = 32u;                                                 // a bit no mark has: all keys count
const DISTANCE: u32 = 1u;                                               // factor t - s
const SURPRISE: u32 = 2u;                                               // factor -log2 of the entry itself
const RISE: u32 = 3u;                                                   // factor rise[h,s]
struct Dims { n_rows: u32, n_measures: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> pattern: array<f32>;           // [n_heads, n_rows, n_rows]
@group(0) @binding(2) var<storage, read> marks: array<u32>;             // [n_rows, n_rows], bit b: key s is of kind b to t
@group(0) @binding(3) var<storage, read> rise: array<f32>;              // [n_heads, n_rows]
@group(0) @binding(4) var<storage, read> measures: array<vec2u>;        // [n_measures] bit, factor
@group(0) @binding(5) var<storage, read_write> sums: array<f32>;        // [n_heads, n_rows, n_measures]

@compute @workgroup_size(wg)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) own: u32) {
  if (own >= dims.n_measures) { return; }
  let t = group.x;
  let head = group.y;
  let row = head * dims.n_rows + t;
  let measure = measures[own];
  var sum = 0.0;
  for (var s = 0u; s <= t; s++) {
    let entry = pattern[row * dims.n_rows + s];
    let marked = measure.x == EVERY || ((marks[t * dims.n_rows + s] >> (measure.x & 31u)) & 1u) == 1u;
    // 0 log 0 is 0; a masked entry adds nothing whatever its factor.
    if (!marked || entry <= 0.0) { continue; }
    var factor = 1.0;
    if (measure.y == DISTANCE) { factor = f32(t - s); }
    if (measure.y == SURPRISE) { factor = -log2(entry); }
    if (measure.y == RISE) { factor = rise[head * dims.n_rows + s]; }
    sum += entry * factor;
  }
  sums[row * dims.n_measures + own] = sum;
}
