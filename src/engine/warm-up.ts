import { recordFeatureCard } from '../analysis/feature-card.ts';
import { ownActivation } from '../analysis/site.ts';
import type { AdapterDescription } from '../gpu/device.ts';
import type { KernelSpec, Variant } from '../gpu/kernel.ts';
import { attentionSplit, usualAttention } from '../gpu/kernels/attention.ts';
import { columnMeanKernel } from '../gpu/kernels/column_mean.ts';
import { editRowsKernel } from '../gpu/kernels/edit_rows.ts';
import { embedKernel } from '../gpu/kernels/embed.ts';
import { gatedActivationKernel } from '../gpu/kernels/gated_activation.ts';
import { klRowsKernel } from '../gpu/kernels/kl_rows.ts';
import { layerNormKernel } from '../gpu/kernels/layer_norm.ts';
import { logProbGatherKernel } from '../gpu/kernels/log_prob_gather.ts';
import { logProbJoinKernel } from '../gpu/kernels/log_prob_join.ts';
import { matmul, matmulSplit, usualMatmul } from '../gpu/kernels/matmul.ts';
import { reconstructionErrorKernel } from '../gpu/kernels/reconstruction_error.ts';
import { replaceColumnsKernel } from '../gpu/kernels/replace_columns.ts';
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
import { weighPatternKernel } from '../gpu/kernels/weigh_pattern.ts';
import type { WeightDType } from '../gpu/tensor.ts';
import type { ModelConfig } from '../model/config.ts';
import { unembedding } from '../model/unembed.ts';
import { gatherRows } from './features.ts';
import type { OpenedModelState } from './opened-model.ts';

/** Tokens of a text that what is compiled ahead suits. */
const ROWS = 64;

/** Texts and parts of texts too short for what suits many rows. */
const FEW_ROWS = 8;

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
    ...plain(
      layerNormKernel,
      klRowsKernel,
      subtractRowKernel,
      columnMeanKernel,
      reconstructionErrorKernel,
      replaceColumnsKernel,
    ),
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

/**
 * Compiles what a visitor is likely to ask for once a text was read: single rows, heads, interventions, a feature's card.
 * Most of it is found by recording such work, which then is not run, so that it is what this model, this dictionary and
 * this device need.
 */
export async function warmUpNext({ gpu, model, current }: OpenedModelState): Promise<void> {
  const batch = gpu.batch('what may come next');
  try {
    const attention = ['hook_q', 'hook_k', 'hook_v', 'hook_z', 'hook_pattern'].map(
      (name) => `blocks.0.attn.${name}`,
    );
    const captures = [...attention, 'blocks.0.hook_attn_out'];
    const dictionary = current?.dictionary;
    if (dictionary) captures.push(dictionary.hook);
    const one = model.record(batch, {
      ids: new Uint32Array(1),
      captures: [...new Set(captures)],
      logits: 'last',
    });
    if (dictionary) {
      dictionary.encode(batch, ownActivation(batch, dictionary, one.captures.get(dictionary.hook)!));
      recordFeatureCard(batch, model, dictionary, gatherRows(batch, dictionary, [0]), {
        tokens: 1,
        neighbours: 1,
      });
    }
    // Products of activations, of one row and of many.
    for (const rows of [1, 64]) {
      const x = batch.scratch([rows, 64]);
      matmul(batch, { x, weights: batch.scratch([64, 64]), layout: 'nk' });
    }
    const stored = model.weights.matrix(unembedding(model.weights)).parts[0]!.dtype as WeightDType;
    const few = matmuls(gpu.adapter, stored, FEW_ROWS);
    await Promise.all([batch.prepare(), gpu.prepare([...few, ...plain(editRowsKernel, weighPatternKernel)])]);
  } finally {
    batch.discard();
  }
}

function matmuls(adapter: AdapterDescription, weights: WeightDType, rows = ROWS): Kernels {
  return (['kn', 'nk'] as const).map((layout) => {
    const { kernel, overrides } = matmulSplit(usualMatmul(adapter, rows), rows, layout);
    return { kernel, variant: { weights, overrides } };
  });
}

function modelOnly(adapter: AdapterDescription, weights: WeightDType): Kernels {
  const { software } = adapter;
  // Of many rows, whose variant the size of the heads plays no part in; a pass of one row is prepared by itself.
  const attention = attentionSplit(usualAttention(adapter, ROWS), 64);
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
