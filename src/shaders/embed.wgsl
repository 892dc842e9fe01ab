// y[t,:] = scale · tokens[ids[t],:] + positions[t + offset,:], either of the two left out on demand. Also gathers matrix
// rows. A matrix in several parts takes a dispatch each: `tokens` holds the rows from `first` on, and positions whose id
// lies elsewhere are left alone. Ids are checked on the host; one outside the matrix reads the last row instead of memory
// that is not its own.
override wg: u32 = 64;
struct Dims {
  n_tok: u32, d4: u32, n_tokens: u32, n_positions: u32, offset: u32, use_tokens: u32, use_positions: u32,
  first: u32, vocabulary: u32, scale: f32,                              // vocabulary: rows of all parts together
}
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> ids: array<u32>;               // [n_tok]
@group(0) @binding(2) var<storage, read> tokens: array<W4>;             // [n_tokens, d4]
@group(0) @binding(3) var<storage, read> positions: array<W4>;          // [n_positions, d4]
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;         // [n_tok, d4]

@compute @workgroup_size(wg)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  let t = id.y;
  if (c >= dims.d4) { return; }
  var sum = vec4f(0.0);
  if (dims.use_tokens == 1u) {
    let row = min(ids[t], dims.vocabulary - 1u) - dims.first;           // wraps for a row before this part
    if (row >= dims.n_tokens) { return; }
    sum = dims.scale * w4(tokens[row * dims.d4 + c]);
  }
  if (dims.use_positions == 1u) { sum += w4(positions[min(t + dims.offset, dims.n_positions - 1u) * dims.d4 + c]); }
  y[t * dims.d4 + c] = sum;
}
