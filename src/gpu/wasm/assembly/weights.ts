// Weights are stored as f32, or as f16 or bf16 and widened, exactly, where they are read. As type arguments the three
// are `f32`, `u16` (f16) and `i16` (bf16); as numbers 0, 1 and 2.

/** Four neighbouring weights from element `i` on. */
export function weights4<W>(pointer: usize, i: usize): v128 {
  if (isFloat<W>()) return v128.load(pointer + (i << 2));
  const bits = v128.load16x4_u(pointer + (i << 1));
  if (isSigned<W>()) return i32x4.shl(bits, 16);
  const magnitude = i32x4.shl(v128.and(bits, i32x4.splat(0x7fff)), 13);
  const sign = i32x4.shl(v128.and(bits, i32x4.splat(0x8000)), 16);
  const endless = v128.and(i32x4.ge_s(magnitude, i32x4.splat(0x0f800000)), i32x4.splat(0x7f800000));
  // 2^112 moves the exponent's bias from 15 to 127, for subnormal numbers too.
  const value = f32x4.mul(magnitude, f32x4.splat(5.192296858534828e33));
  return v128.or(v128.or(value, endless), sign);
}

/** Weight `i`. */
export function weight<W>(pointer: usize, i: usize): f32 {
  if (isFloat<W>()) return load<f32>(pointer + (i << 2));
  const bits = <u32>load<u16>(pointer + (i << 1));
  if (isSigned<W>()) return reinterpret<f32>(bits << 16);
  const value = reinterpret<f32>((bits & 0x7fff) << 13) * <f32>5.192296858534828e33;
  const endless: u32 = (bits & 0x7c00) == 0x7c00 ? 0x7f800000 : 0;
  return reinterpret<f32>(reinterpret<u32>(value) | endless | ((bits & 0x8000) << 16));
}
