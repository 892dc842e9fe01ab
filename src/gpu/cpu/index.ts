import type { CpuKernel } from './kernel.ts';
import { activation } from './kernels/activation.ts';
import {
  attentionPattern,
  attentionQuad,
  attentionRegister,
  attentionWorkgroup,
} from './kernels/attention.ts';
import * as elementwise from './kernels/elementwise.ts';
import { layerNorm } from './kernels/layer_norm.ts';
import * as logits from './kernels/logits.ts';
import * as matmuls from './kernels/matmul.ts';
import * as patterns from './kernels/patterns.ts';
import { rmsNorm } from './kernels/rms_norm.ts';
import * as roof from './kernels/roof.ts';
import * as rows from './kernels/rows.ts';
import * as saeActive from './kernels/sae_active.ts';
import * as saeEncode from './kernels/sae_encode.ts';
import * as scan from './kernels/scan.ts';
import * as topk from './kernels/topk.ts';
import * as unembed from './kernels/unembed.ts';

const all: readonly CpuKernel[] = [
  activation,
  attentionPattern,
  attentionQuad,
  attentionRegister,
  attentionWorkgroup,
  layerNorm,
  rmsNorm,
  ...Object.values(elementwise),
  ...Object.values(logits),
  ...Object.values(matmuls),
  ...Object.values(patterns),
  ...Object.values(roof),
  ...Object.values(rows),
  ...Object.values(saeActive),
  ...Object.values(saeEncode),
  ...Object.values(scan),
  ...Object.values(topk),
  ...Object.values(unembed),
];

/** Every kernel by the name its `KernelSpec` has. */
export const CPU_KERNELS: ReadonlyMap<string, CpuKernel['run']> = new Map(
  all.map((kernel) => [kernel.name, kernel.run.bind(kernel)]),
);
