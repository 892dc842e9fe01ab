import activations from '../../shaders/shared/activation.wgsl?raw';
import groups from '../../shaders/shared/unembed.wgsl?raw';
import blocks from '../../shaders/shared/weight_blocks.wgsl?raw';
import source from '../../shaders/unembed_scan.wgsl?raw';
import type { Batch } from '../batch.ts';
import { defineKernel } from '../kernel.ts';
import { shapeError } from '../shape-error.ts';
import type { Tensor } from '../tensor.ts';

/** Columns whose largest logit and sum of exponentials are kept together. */
export const UNEMBED_GROUP = 16;

const dims = {
  n_rows: 'u32',
  k4: 'u32',
  n: 'u32',
  has_bias: 'u32',
  cap: 'f32',
  column: 'u32',
  per_row: 'u32',
  neg_inf: 'f32',
} as const;

/** What every kernel on parts of the unembedding is made of. */
export const unembedCommon = { dims, shared: [activations, groups, blocks].join('\n') };

export const unembedScanKernel = defineKernel({
  name: 'unembed_scan',
  source: `${unembedCommon.shared}\n${source}`,
  dims,
  tensors: {
    x: 'read',
    w: 'weights',
    bias: 'read',
    targets: 'read',
    m: 'write',
    s: 'write',
    chosen: 'write',
  },
  overrides: { wg_x: 4, rows: 8, nk: 0 },
});

/** An unembedding in one or several parts, its bias and its cap. */
export interface Unembedding {
  /** [K, V] with V % 4 = 0 for `kn`, or [V, K]; of several parts, all but the last are whole groups */
  parts: readonly Tensor[];
  layout: 'kn' | 'nk';
  /** [V] f32 */
  bias?: Tensor;
  /** Soft-caps logits: cap · tanh(logit / cap). */
  cap?: number;
}

/** The parts with their first columns. @throws FacetError `bug` when shapes do not fit */
export function unembedParts(
  { parts, layout, bias }: Unembedding,
  x: Tensor,
): { parts: { w: Tensor; column: number; n: number }[]; nCols: number } {
  const [, k = 0] = x.shape;
  let column = 0;
  const placed = parts.map((w, index) => {
    const [rows = 0, columns = 0] = w.shape;
    const [depth, n] = layout === 'kn' ? [rows, columns] : [columns, rows];
    const whole = index === parts.length - 1 || n % UNEMBED_GROUP === 0;
    if (depth !== k || k % 4 !== 0 || !whole || (layout === 'kn' && n % 4 !== 0))
      throw shapeError('unembed', `shapes do not fit layout ${layout}`, { x, w });
    const part = { w, column, n };
    column += n;
    return part;
  });
  if (x.shape.length !== 2 || (bias && bias.shape[0] !== column))
    throw shapeError('unembed', 'one bias a column', { x, ...(bias && { bias }) });
  return { parts: placed, nCols: column };
}

/** What is kept of logits that were never stored; G = ⌈V / 16⌉ groups of columns. */
export interface ScannedLogits {
  /** [T, G] the largest logit of each group; NaN counts as −∞ */
  m: Tensor;
  /** [T, G] Σ exp(logit − m) over each group */
  s: Tensor;
  /** [T] the logit of each row's target; not written where the target is V or more */
  chosen: Tensor;
}

/**
 * Logits of every row, of which only bests and sums of groups are kept.
 * @param x [T, K] f32, K % 4 = 0, rows that passed the final norm
 * @param targets [T] u32
 * @returns scratch
 * @throws FacetError `bug` when the shapes do not fit
 */
export function unembedScan(
  batch: Batch,
  { x, targets, ...unembedding }: Unembedding & { x: Tensor; targets: Tensor },
): ScannedLogits {
  const [nRows = 0, k = 0] = x.shape;
  const { parts, nCols } = unembedParts(unembedding, x);
  if (targets.shape[0] !== nRows || targets.dtype !== 'u32')
    throw shapeError('unembed_scan', 'one u32 target per row', { x, targets });
  const perRow = Math.ceil(nCols / UNEMBED_GROUP);
  const m = batch.scratch([nRows, perRow]);
  const s = batch.scratch([nRows, perRow]);
  const chosen = batch.scratch([nRows]);
  const { layout, bias, cap = 0 } = unembedding;
  // A power of two, so that few pipelines serve every length.
  const rows = nRows >= 5 ? 8 : nRows >= 3 ? 4 : nRows;
  const width = batch.gpu.adapter.software ? 4 : 32;
  for (const { w, column, n } of parts) {
    batch.run(unembedScanKernel, {
      dims: {
        n_rows: nRows,
        k4: k / 4,
        n,
        has_bias: bias ? 1 : 0,
        cap,
        column,
        per_row: perRow,
        neg_inf: -Infinity,
      },
      // What is left out is never read, but a binding needs a buffer.
      tensors: { x, w, bias: bias ?? x, targets, m, s, chosen },
      groups: [Math.ceil(n / (UNEMBED_GROUP * width)), Math.ceil(nRows / rows)],
      overrides: { wg_x: width, rows, nk: layout === 'nk' ? 1 : 0 },
      cost: {
        flops: nRows * n * (2 * k + 4),
        bytes: x.byteLength + w.byteLength + (8 * nRows * n) / UNEMBED_GROUP + 8 * nRows,
      },
    });
  }
  return { m, s, chosen };
}
