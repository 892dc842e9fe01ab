import { PARTIAL } from '../../block-mask.ts';
import {
  attentionRegisterKernel,
  attentionWorkgroupKernel,
  type HEAD_DIMS,
  NO_KEYS,
} from '../../kernels/attention.ts';
import { attentionPatternKernel, MASKED_SCORE } from '../../kernels/attention_pattern.ts';
import { type CpuCall, cpuKernel } from '../kernel.ts';

type Heads = Pick<CpuCall<keyof typeof HEAD_DIMS, 'q' | 'k' | 'offsets' | 'entries'>, 'dims' | 'tensors'>;

/** Scores below this count as masked. */
const LEAST = -1e38;

/** Calls with every key the query of a row sees, and its finished score. */
function scorer({
  dims,
  tensors,
}: Heads): (head: number, row: number, visit: (s: number, score: number) => void) => void {
  const [q, k] = [tensors.q.f32, tensors.k.f32];
  const [offsets, entries] = [tensors.offsets.u32, tensors.entries.u32];
  const { block_size: size, n_keys: nKeys, window, sinks, cap, scale } = dims;
  const d = 4 * dims.d4;
  return (head, row, visit) => {
    const t = row + dims.query_offset;
    const qStart = 4 * (row * dims.q_stride4 + dims.q_start4) + head * d;
    const kFirst = 4 * dims.k_start4 + Math.floor(head / dims.group) * d;
    const maskRow = head * dims.blocks_per_head + Math.floor(row / size);
    for (let e = offsets[maskRow]!; e < offsets[maskRow + 1]!; e++) {
      const entry = entries[e]!;
      const partial = entry >= PARTIAL;
      const first = (partial ? entry - PARTIAL : entry) * size;
      const end = Math.min(first + size, nKeys);
      const bits =
        partial && dims.bits_start > 0 ? entries[dims.bits_start + e * size + (row % size)]! : 0xffffffff;
      for (let s = first; s < end; s++) {
        if (partial) {
          if (s > t || (window > 0 && t - s >= window && s >= sinks)) continue;
          if (dims.bits_start > 0 && ((bits >>> (s - first)) & 1) === 0) continue;
        }
        const kStart = 4 * s * dims.k_stride4 + kFirst;
        let score = 0;
        for (let i = 0; i < d; i++) score += q[qStart + i]! * k[kStart + i]!;
        score *= scale;
        visit(s, cap === 0 ? score : cap * Math.tanh(score / cap));
      }
    }
  };
}

function attend({
  dims,
  tensors,
}: CpuCall<keyof typeof HEAD_DIMS, keyof Heads['tensors'] | 'v' | 'z' | 'lse'>): void {
  const each = scorer({ dims, tensors });
  const [v, z, lse] = [tensors.v.f32, tensors.z.f32, tensors.lse.f32];
  const d = 4 * dims.d4;
  const keys = new Uint32Array(dims.n_keys);
  const scores = new Float64Array(dims.n_keys);
  const sums = new Float64Array(d);
  for (let head = 0; head < dims.n_heads; head++) {
    const vFirst = 4 * dims.v_start4 + Math.floor(head / dims.group) * d;
    for (let row = 0; row < dims.n_queries; row++) {
      let [count, top] = [0, LEAST];
      each(head, row, (s, score) => {
        if (score < LEAST) return;
        keys[count] = s;
        scores[count++] = score;
        if (score > top) top = score;
      });
      const out = (row * dims.n_heads + head) * d;
      let total = 0;
      sums.fill(0);
      for (let i = 0; i < count; i++) {
        const weight = Math.exp(scores[i]! - top);
        total += weight;
        const vStart = 4 * keys[i]! * dims.v_stride4 + vFirst;
        for (let c = 0; c < d; c++) sums[c]! += weight * v[vStart + c]!;
      }
      lse[head * dims.n_queries + row] = count === 0 ? NO_KEYS : top + Math.log(total);
      for (let c = 0; c < d; c++) z[out + c] = count === 0 ? 0 : sums[c]! / total;
    }
  }
}

export const attentionRegister = cpuKernel(attentionRegisterKernel, attend);
export const attentionWorkgroup = cpuKernel(attentionWorkgroupKernel, attend);

export const attentionPattern = cpuKernel(attentionPatternKernel, ({ dims, tensors }) => {
  const each = scorer({ dims, tensors });
  const [lse, pattern, scores] = [tensors.lse.f32, tensors.pattern.f32, tensors.scores.f32];
  pattern.fill(0);
  scores.fill(MASKED_SCORE);
  for (let head = 0; head < dims.n_heads; head++)
    for (let row = 0; row < dims.n_queries; row++) {
      const place = head * dims.n_queries + row;
      const of = lse[place]!;
      each(head, row, (s, score) => {
        scores[place * dims.n_keys + s] = score;
        pattern[place * dims.n_keys + s] = Math.exp(score - of);
      });
    }
});
