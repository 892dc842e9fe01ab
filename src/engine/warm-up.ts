import type { KernelSpec, Variant } from '../gpu/kernel.ts';
import { attentionRegisterKernel, attentionWorkgroupKernel } from '../gpu/kernels/attention.ts';
import { columnMeanKernel } from '../gpu/kernels/column_mean.ts';
import { embedKernel } from '../gpu/kernels/embed.ts';
import { klRowsKernel } from '../gpu/kernels/kl_rows.ts';
import { layerNormKernel } from '../gpu/kernels/layer_norm.ts';
import { logProbGatherKernel } from '../gpu/kernels/log_prob_gather.ts';
import { matmulRegisterKernel, matmulTiledKernel } from '../gpu/kernels/matmul.ts';
import { reconstructionErrorKernel } from '../gpu/kernels/reconstruction_error.ts';
import { saeDecodeSparseKernel } from '../gpu/kernels/sae_decode_sparse.ts';
import { saeGroupMaxKernel } from '../gpu/kernels/sae_group_max.ts';
import { saeRescoreGroupsKernel } from '../gpu/kernels/sae_rescore_groups.ts';
import { subtractRowKernel } from '../gpu/kernels/subtract_row.ts';
import { topKGroupMaxKernel } from '../gpu/kernels/topk_group_max.ts';
import { topKGroupsKernel } from '../gpu/kernels/topk_groups.ts';
import { topKRowsKernel } from '../gpu/kernels/topk_rows.ts';

/**
 * What reading a text with a catalogued model runs, largest first: compiled while its weights are still on their way.
 * A kernel that is missing here is compiled when it is first run; `engine.cases.ts` holds the list against a reading.
 */
export function warmUp(software: boolean): { kernel: KernelSpec; variant: Variant }[] {
  const weights = 'f16';
  const [matmul, overrides] = software
    ? ([matmulRegisterKernel, { wg_x: 4, rows: 8 }] as const)
    : ([matmulTiledKernel, { wg_x: 8, wg_y: 8 }] as const);
  return [
    { kernel: matmul, variant: { weights, overrides: { ...overrides, nk: 0 } } },
    { kernel: matmul, variant: { weights, overrides: { ...overrides, nk: 1 } } },
    { kernel: saeGroupMaxKernel, variant: { weights, overrides: { rows: 8, per_group: 2 } } },
    { kernel: software ? attentionRegisterKernel : attentionWorkgroupKernel, variant: {} },
    ...[saeRescoreGroupsKernel, saeDecodeSparseKernel, embedKernel].map((kernel) => ({
      kernel,
      variant: { weights } as const,
    })),
    ...[
      topKGroupsKernel,
      topKRowsKernel,
      topKGroupMaxKernel,
      layerNormKernel,
      klRowsKernel,
      logProbGatherKernel,
      subtractRowKernel,
      columnMeanKernel,
      reconstructionErrorKernel,
    ].map((kernel) => ({ kernel, variant: {} })),
  ];
}
