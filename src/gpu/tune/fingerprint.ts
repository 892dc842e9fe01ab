import type { TunedOp } from './op.ts';

/**
 * Changes when the text of a kernel does: what was measured before says nothing of what runs now.
 * @source FNV-1a, 32 bits
 */
export function fingerprint(ops: readonly TunedOp[]): string {
  let hash = 0x81_1c_9d_c5;
  for (const { source } of ops.flatMap(({ kernels }) => kernels)) {
    for (let i = 0; i < source.length; i++) hash = Math.imul(hash ^ source.charCodeAt(i), 0x01_00_01_93);
  }
  return (hash >>> 0).toString(16);
}
