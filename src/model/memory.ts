import { byteLengthOf, type WeightDType } from '../gpu/tensor.ts';
import type { FileDType } from '../shared/tensor-file.ts';
import type { ModelDescription } from './describe.ts';
import { storedAs, type WeightStorage } from './weight-plan.ts';

/** Bytes a model will hold on the GPU. */
export interface ModelMemory {
  /** By storage: as the file has them, all matrices packed as f16, and all as f32. */
  weights: Record<WeightStorage, number>;
  /** Scratch of one reading of the window with the logits of every position. */
  passes: number;
  /** Largest single tensor before splitting, with `file` storage: of the weights or of the logits. */
  largestTensor: number;
}

/**
 * Foresees what loading and reading will allocate.
 * @param options.contextWindow tokens read at once
 * @param options.dtypes types of the file's tensors by name, where the file is at hand; else the configuration's
 */
export function estimateMemory(
  { config, specs, dtype }: ModelDescription,
  {
    contextWindow,
    dtypes = () => undefined,
  }: { contextWindow: number; dtypes?: (tensor: string) => FileDType | undefined },
): ModelMemory {
  const weights: ModelMemory['weights'] = { file: 0, f16: 0, f32: 0 };
  let largestTensor = 0;
  for (const spec of specs) {
    const found = spec.sources.map(
      ({ names }) => names.map(dtypes).find((each) => each !== undefined) ?? dtype,
    );
    for (const storage of Object.keys(weights) as WeightStorage[]) {
      const bytes = allocated(spec.shape, storedAs(spec, found, storage));
      weights[storage] += bytes;
      if (storage === 'file') largestTensor = Math.max(largestTensor, bytes);
    }
  }
  const { dModel, nHeads, nKvHeads, dHead, dMlp, dVocab, gated, qkNorm, sandwich, parallel } = config;
  const heads = nHeads * dHead;
  // What is alive at the same time at the widest place of a block; when blocks are done its memory is there for the logits.
  const inBlock = [
    ...Array.from({ length: 4 + Number(sandwich) + Number(parallel) }, () => dModel),
    heads + 2 * nKvHeads * dHead,
    heads,
    ...(qkNorm ? [heads, nKvHeads * dHead] : []),
    ...(gated ? [2 * dMlp, dMlp] : [dMlp]),
  ].reduce((sum, width) => sum + width, 0);
  const passes = 4 * contextWindow * Math.max(inBlock, 2 * dModel + dVocab);
  return { weights, passes, largestTensor: Math.max(largestTensor, 4 * contextWindow * dVocab) };
}

/** What `Gpu.weights` makes of it. */
function allocated(shape: readonly number[], dtype: WeightDType): number {
  return Math.max(16, Math.ceil(byteLengthOf(shape, dtype) / 16) * 16);
}
