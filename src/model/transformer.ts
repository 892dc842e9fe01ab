import type { Batch } from '../gpu/batch.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { Tensor } from '../gpu/tensor.ts';
import type { TensorReader } from '../shared/tensor-file.ts';
import type { ModelConfig } from './config.ts';
import { describeModel, elementsOfSpecs } from './describe.ts';
import { directBack, directLogits } from './direct-logits.ts';
import { recordForward } from './forward.ts';
import { KvCache } from './kv-cache.ts';
import type { RecordedRun, RunPlan } from './run-plan.ts';
import { logitsOf, norm, type Predictions, predictionsOf } from './unembed.ts';
import { type LoadWeightsOptions, loadWeights, type Weights } from './weights.ts';

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
   * @param options storage is `file` by default
   * @throws FacetError `bad-file`, `unsupported`, `limits`, `out-of-memory`, `cancelled`
   */
  static async load(
    gpu: Gpu,
    configJson: unknown,
    file: TensorReader,
    options: Partial<LoadWeightsOptions> = {},
  ): Promise<Transformer> {
    const { config, specs } = describeModel(configJson);
    const weights = await loadWeights(gpu, file, specs, { ...options, storage: options.storage ?? 'file' });
    const parameters = elementsOfSpecs(
      specs
        .flatMap((spec) => [spec, ...(spec.twin ? [spec.twin] : [])])
        .filter(({ name }) => weights.has(name)),
    );
    return new Transformer(gpu, config, weights, parameters);
  }

  /** Records a pass into `batch`; the result's tensors are scratch of that batch. See `RunPlan`. */
  record(batch: Batch, plan: RunPlan): RecordedRun {
    return recordForward(batch, this.config, this.weights, plan);
  }

  /** For passes that read on where others ended. The caller disposes of it. @param firstLayer see `KvCache` */
  cache(firstLayer = 0): KvCache {
    return new KvCache(this.gpu, this.config, firstLayer);
  }

  /**
   * Final norm, unembedding and soft-cap of `count` rows of a final residual, for those who take the logits of a long
   * text a few rows at a time.
   * @param residual [T, d_model] `blocks.{n_layers − 1}.hook_resid_post`
   * @returns scratch [count, d_vocab]
   */
  unembed(batch: Batch, residual: Tensor, from: number, count: number): Tensor {
    const normalized = this.#ending(batch, residual, from, count);
    const logits = logitsOf(batch, this.config, this.weights, normalized);
    batch.release(normalized);
    return logits;
  }

  /**
   * What such rows predict, without storing their logits.
   * @param asked.targets [count] u32, whose probabilities are wanted; @param asked.k likely tokens a row
   * @returns scratch
   */
  predict(
    batch: Batch,
    residual: Tensor,
    { from, count }: { from: number; count: number },
    asked: { targets: Tensor; k: number },
  ): Predictions {
    const normalized = this.#ending(batch, residual, from, count);
    const found = predictionsOf(batch, this.config, this.weights, normalized, asked);
    batch.release(normalized);
    return found;
  }

  /** @returns scratch [count, d_model] rows of a final residual that have passed the final norm */
  #ending(batch: Batch, residual: Tensor, from: number, count: number): Tensor {
    const { dModel } = this.config;
    let rows = residual;
    if (count !== residual.shape[0]) {
      rows = batch.scratch([count, dModel]);
      batch.copy(residual, rows, { fromOffset: from * dModel * 4, size: count * dModel * 4 });
    }
    const { y, scale } = norm(batch, this.config, this.weights, 'ln_final', rows);
    if (rows !== residual) batch.release(rows);
    batch.release(scale);
    return y;
  }

  /**
   * What directions written at a hook do to the logits if they reach the end unchanged; see `directLogits`.
   * @param hook e.g. `blocks.3.attn.hook_z`
   * @param directions [n, width of the hook] f32, heads flattened
   * @returns scratch [n, d_vocab]; norm scales taken as 1, no soft-cap
   * @throws FacetError `unsupported` for a hook whose activations do not add to the residual stream
   */
  directLogits(batch: Batch, hook: string, directions: Tensor): Tensor {
    return directLogits(batch, this.config, this.weights, hook, directions);
  }

  /** The way back from rows [n, d_model] to a hook; see `directBack`. @throws FacetError `unsupported` as `directLogits` */
  directBack(batch: Batch, hook: string, rows: Tensor): Tensor {
    return directBack(batch, this.config, this.weights, hook, rows);
  }

  [Symbol.dispose](): void {
    this.weights[Symbol.dispose]();
  }
}
