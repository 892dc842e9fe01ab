// y = activation(x · W + bias) + residual with subgroups: as matmul_register, but the four invocations of a quad read x
// together, which leaves room for more rows to share each weight. One invocation computes `rows` rows × 16 columns in
// registers, without workgroup memory or barriers: for adapters that run on the processor, where reading costs most.
// Lines that begin with # are repeated, see gpu/repeat.ts.
override wg_x: u32 = 4;                                                 // invocations along N, a multiple of 4
override rows: u32 = 16;                                                // 4, 8 or 16; the compiler drops the rest
override nk: bool = false;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;               // [n_rows, k4]
@group(0) @binding(2) var<storage, read> w: array<W4>;                  // [K, n / 4], or [n, k4] with nk
@group(0) @binding(3) var<storage, read> bias: array<f32>;              // [width]
@group(0) @binding(4) var<storage, read> residual: array<f32>;          // [n_rows, width]
@group(0) @binding(5) var<storage, read_write> y: array<f32>;           // [n_rows, width]

@compute @workgroup_size(wg_x)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  // Nobody leaves early: a quad works together. Beyond the edge the last row or column is computed again, not stored.
  let col4 = id.x * 4u;
  let row = id.y * rows;
  #g<4 let start{g} = min(row + 4u * {g}u + lane % 4u, dims.n_rows - 1u) * dims.k4;
  #c<4 let at{c} = columns(col4 + {c}u);
  #g<4 #r<4 #c<4 var sum{g}{r}{c} = vec4f(0.0);
  // Read once: a uniform is not free where everything runs on the processor.
  let k4 = dims.k4;
  for (var k = 0u; k < k4; k++) {
    #g<4 var v{g} = vec4f(0.0); // row r of the group in lane r of the quad
    #g<4 if (rows > {g}u * 4u) { v{g} = x[start{g} + k]; }
    #g<4 #r<4 let u{g}{r} = quadBroadcast(v{g}, {r}u);
    // Column by column: software adapters have few registers, and this keeps most in use.
    {
      let b = block_of(at0, k);
      #g<4 #r<4 if (rows > {g}u * 4u) { sum{g}{r}0 = plus_product(sum{g}{r}0, b, u{g}{r}); }
    }
    {
      let b = block_of(at1, k);
      #g<4 #r<4 if (rows > {g}u * 4u) { sum{g}{r}1 = plus_product(sum{g}{r}1, b, u{g}{r}); }
    }
    {
      let b = block_of(at2, k);
      #g<4 #r<4 if (rows > {g}u * 4u) { sum{g}{r}2 = plus_product(sum{g}{r}2, b, u{g}{r}); }
    }
    {
      let b = block_of(at3, k);
      #g<4 #r<4 if (rows > {g}u * 4u) { sum{g}{r}3 = plus_product(sum{g}{r}3, b, u{g}{r}); }
    }
  }
  // Copied first, so that finishing is compiled once and not for each of the 64.
  var sums: array<vec4f, 64>;
  #g<4 #r<4 #c<4 sums[16u * {g}u + 4u * {r}u + {c}u] = sum{g}{r}{c};
  for (var i = 0u; i < 4u * rows; i++) { store(row + i / 4u, col4 + i % 4u, sums[i]); }
}
