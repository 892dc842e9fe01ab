import {
  attentionQuadKernel,
  attentionRegisterKernel,
  attentionWorkgroupKernel,
  type HEAD_DIMS,
} from '../../kernels/attention.ts';
import { attentionPatternKernel } from '../../kernels/attention_pattern.ts';
import { withScratch } from '../../wasm/index.ts';
import { type CpuCall, cpuKernel } from '../kernel.ts';
import type { View } from '../view.ts';

type Call = CpuCall<keyof typeof HEAD_DIMS, 'q' | 'k' | 'offsets' | 'entries' | 'lse'>;

/** Attention, or the pattern and the scores of what was attended to. */
function attend(
  { dims, tensors, wasm }: Call,
  out: { v: View; z: View } | { pattern: View; scores: View },
): void {
  const { q, k, offsets, entries, lse } = tensors;
  const d = 4 * dims.d4;
  const [v, z, pattern, scores] =
    'z' in out ? [out.v.ptr + 16 * dims.v_start4, out.z.ptr, 0, 0] : [0, 0, out.pattern.ptr, out.scores.ptr];
  withScratch(wasm, wasm.attentionScratch(dims.n_keys, d), (scratch) =>
    wasm.attention(
      q.ptr + 16 * dims.q_start4,
      4 * dims.q_stride4,
      k.ptr + 16 * dims.k_start4,
      4 * dims.k_stride4,
      v,
      4 * dims.v_stride4,
      dims.n_heads,
      dims.group,
      d,
      dims.n_queries,
      dims.n_keys,
      dims.query_offset,
      dims.scale,
      dims.cap,
      offsets.ptr,
      entries.ptr,
      dims.block_size,
      dims.blocks_per_head,
      dims.window,
      dims.sinks,
      dims.bits_start,
      z,
      lse.ptr,
      pattern,
      scores,
      scratch,
    ),
  );
}

export const attentionRegister = cpuKernel(attentionRegisterKernel, (call) => attend(call, call.tensors));
export const attentionQuad = cpuKernel(attentionQuadKernel, (call) => attend(call, call.tensors));
export const attentionWorkgroup = cpuKernel(attentionWorkgroupKernel, (call) => attend(call, call.tensors));
export const attentionPattern = cpuKernel(attentionPatternKernel, (call) => attend(call, call.tensors));
