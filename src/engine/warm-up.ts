import type { AdapterDescription } from '../gpu/device.ts';
import type { KernelSpec, Variant } from '../gpu/kernel.ts';
import { ATTENTION_VARIANTS, usualAttention } from '../gpu/kernels/attention.ts';
import { columnMeanKernel } from '../gpu/kernels/column_mean.ts';
import { embedKernel } from '../gpu/kernels/embed.ts';
import { gatedActivationKernel } from '../gpu/kernels/gated_activation.ts';
import { klRowsKernel } from '../gpu/kernels/kl_rows.ts';
import { layerNormKernel } from '../gpu/kernels/layer_norm.ts';
import { logProbGatherKernel } from '../gpu/kernels/log_prob_gather.ts';
import { logProbJoinKernel } from '../gpu/kernels/log_prob_join.ts';
import { matmulSplit, usualMatmul } from '../gpu/kernels/matmul.ts';
import { reconstructionErrorKernel } from '../gpu/kernels/reconstruction_error.ts';
import { rmsNormKernel } from '../gpu/kernels/rms_norm.ts';
import { ropeKernel } from '../gpu/kernels/rope.ts';
import { DECODE_VARIANTS, saeDecodeSparseKernel, usualDecode } from '../gpu/kernels/sae_decode_sparse.ts';
import { groupMaxSplit, usualGroupMax } from '../gpu/kernels/sae_group_max.ts';
import { saeRescoreGroupsKernel } from '../gpu/kernels/sae_rescore_groups.ts';
import { subtractRowKernel } from '../gpu/kernels/subtract_row.ts';
import { topKGroupMaxKernel } from '../gpu/kernels/topk_group_max.ts';
import { topKGroupsKernel } from '../gpu/kernels/topk_groups.ts';
import { topKRowsKernel } from '../gpu/kernels/topk_rows.ts';
import { unembedRescoreKernel } from '../gpu/kernels/unembed_rescore.ts';
import { unembedScanKernel } from '../gpu/kernels/unembed_scan.ts';
import type { WeightDType } from '../gpu/tensor.ts';
import type { ModelConfig } from '../model/config.ts';

/** Tokens of a text that what is compiled ahead suits. */
const ROWS = 64;

type Kernels = { kernel: KernelSpec; variant: Variant }[];

const plain = (...kernels: KernelSpec[]): Kernels => kernels.map((kernel) => ({ kernel, variant: {} }));

/**
 * What reading a text with a catalogued model runs, largest first: compiled while its weights are still on their way.
 * A kernel that is missing here is compiled when it is first run; `engine.cases.ts` holds the list against a reading.
 */
export function warmUp(adapter: AdapterDescription): Kernels {
  const weights = 'f16';
  const encode = groupMaxSplit(usualGroupMax(adapter, ROWS), ROWS, 8);
  const decode = DECODE_VARIANTS[usualDecode(adapter)];
  return [
    ...matmuls(adapter, weights),
    { kernel: encode.kernel, variant: { weights, overrides: encode.overrides } },
    { kernel: saeRescoreGroupsKernel, variant: { weights } },
    { kernel: saeDecodeSparseKernel, variant: { weights, overrides: decode } },
    ...modelOnly(adapter, weights),
    ...plain(layerNormKernel, klRowsKernel, subtractRowKernel, columnMeanKernel, reconstructionErrorKernel),
  ];
}

/** What reading a text with a model runs, whatever dictionary comes after. @param weights how its matrices are stored */
export function warmUpModel(adapter: AdapterDescription, config: ModelConfig, weights: WeightDType): Kernels {
  return [
    ...matmuls(adapter, weights),
    ...modelOnly(adapter, weights),
    ...plain(config.norm === 'RMS' ? rmsNormKernel : layerNormKernel),
    ...plain(...(config.gated ? [gatedActivationKernel] : [])),
    ...plain(...(config.layers.some(({ rope }) => rope) ? [ropeKernel] : [])),
  ];
}

function matmuls(adapter: AdapterDescription, weights: WeightDType): Kernels {
  return (['kn', 'nk'] as const).map((layout) => {
    const { kernel, overrides } = matmulSplit(usualMatmul(adapter, ROWS), ROWS, layout);
    return { kernel, variant: { weights, overrides } };
  });
}

function modelOnly(adapter: AdapterDescription, weights: WeightDType): Kernels {
  const { software } = adapter;
  const attention = ATTENTION_VARIANTS[usualAttention(adapter)];
  return [
    {
      kernel: unembedScanKernel,
      variant: { weights, overrides: { wg_x: software ? 4 : 32, rows: 8, nk: 1 } },
    },
    { kernel: unembedRescoreKernel, variant: { weights, overrides: { nk: 1 } } },
    { kernel: embedKernel, variant: { weights } },
    { kernel: attention.kernel, variant: { overrides: attention.overrides } },
    ...plain(topKRowsKernel, topKGroupMaxKernel, topKGroupsKernel, logProbGatherKernel, logProbJoinKernel),
  ];
}
