// Weights are stored as f32, or as f16 or bf16 and widened, exactly, where they are read. As type arguments the three
// are `f32`, `u16` (f16) and `i16` (bf16); as numbers 0, 1 and 2.

/** Four neighbouring weights from element `i` on. */
export function weights4<W>(pointer: usize, i: usize): v128 {
  if (isFloat<W>()) return v128.load(pointer + (i << 2));
  if (isSigned<W>()) return i32x4.shl(v128.load16x4_u(pointer + (i << 1)), 16);
  // The sign spreads from the left when the 16 bits are widened; what is kept is the sign, the exponent and the fraction.
  const bits = v128.and(i32x4.shl(v128.load16x4_s(pointer + (i << 1)), 13), i32x4.splat(0x8fffe000));
  // 2^112 moves the exponent's bias from 15 to 127, for subnormal numbers too; a second time, only what has the largest
  // exponent overflows: infinity, and NaN, which comes out as infinity.
  const scale = f32x4.splat(5.192296858534828e33);
  return f32x4.mul(f32x4.mul(f32x4.mul(bits, scale), scale), f32x4.splat(1.925929944387236e-34));
}
