import type { Batch } from '../gpu/batch.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { layerNorm } from '../gpu/kernels/layer_norm.ts';
import { matmul } from '../gpu/kernels/matmul.ts';
import type { Tensor } from '../gpu/tensor.ts';
import type { TensorReader } from '../shared/tensor-file.ts';
import type { ModelConfig } from './config.ts';
import { familyOf } from './families/index.ts';
import { recordForward } from './forward.ts';
import type { RecordedRun, RunPlan } from './run-plan.ts';
import { loadWeights, type Weights, type WeightStorage } from './weights.ts';

/** A model on the GPU. */
export class Transformer implements Disposable {
  private constructor(
    readonly gpu: Gpu,
    readonly config: ModelConfig,
    readonly weights: Weights,
    readonly parameters: number,
  ) {}

  /**
   * @param configJson contents of `config.json`, not trusted
   * @param file the checkpoint's tensors
   * @throws FacetError `bad-file`, `unsupported`, `out-of-memory`, `cancelled`
   */
  static async load(
    gpu: Gpu,
    configJson: unknown,
    file: TensorReader,
    options: { storage?: WeightStorage; signal?: AbortSignal } = {},
  ): Promise<Transformer> {
    const family = familyOf(configJson);
    const config = family.parseConfig(configJson);
    const specs = family.weights(config);
    const weights = await loadWeights(gpu, file, specs, options.storage ?? 'file', options.signal);
    const parameters = specs.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    return new Transformer(gpu, config, weights, parameters);
  }

  /** Records a pass into `batch`; the result's tensors are scratch of that batch. See `RunPlan`. */
  record(batch: Batch, plan: RunPlan): RecordedRun {
    return recordForward(batch, this.config, this.weights, plan);
  }

  /**
   * Final norm, unembedding and soft-cap of `count` rows of a final residual, for those who take the logits of a long
   * text a few rows at a time.
   * @param residual [T, d_model] `blocks.{n_layers − 1}.hook_resid_post`
   * @returns scratch [count, d_vocab]
   */
  unembed(batch: Batch, residual: Tensor, from: number, count: number): Tensor {
    const { dModel, normEps } = this.config;
    const rows = batch.scratch([count, dModel]);
    batch.copy(residual, rows, { fromOffset: from * dModel * 4, size: count * dModel * 4 });
    const { y, scale } = layerNorm(batch, {
      x: rows,
      gain: this.weights.get('ln_final.w'),
      bias: this.weights.get('ln_final.b'),
      eps: normEps,
    });
    const logits = matmul(batch, { x: y, weights: this.weights.get('embed.W_E'), layout: 'nk' });
    batch.release(rows, y, scale);
    return logits;
  }

  [Symbol.dispose](): void {
    this.weights[Symbol.dispose]();
  }
}
