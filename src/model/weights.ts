import type { Gpu } from '../gpu/gpu.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { toFloat16Bits, toFloat32 } from '../shared/dtype.ts';
import { FacetError } from '../shared/errors.ts';
import type { TensorReader } from '../shared/tensor-file.ts';
import type { WeightSpec } from './families/family.ts';

export type WeightStorage = 'file' | 'f32';

/** GPU tensors by the runtime's names. */
export class Weights implements Disposable {
  constructor(private readonly tensors: ReadonlyMap<string, Tensor>) {}

  get(name: string): Tensor {
    const tensor = this.tensors.get(name);
    if (!tensor) throw new FacetError('bug', `no weight "${name}"`);
    return tensor;
  }

  has(name: string): boolean {
    return this.tensors.has(name);
  }

  [Symbol.dispose](): void {
    for (const tensor of this.tensors.values()) tensor.dispose();
  }
}

/** Which tensor of the file serves each spec. @throws FacetError `bad-file` for a missing one or a wrong shape */
function resolve(file: TensorReader, specs: readonly WeightSpec[]): { spec: WeightSpec; source: string }[] {
  return specs.map((spec) => {
    const source = spec.sources.find((name) => file.info(name) !== undefined);
    if (!source)
      throw new FacetError('bad-file', `The weights file has no tensor "${spec.sources.join('" or "')}".`);
    const { shape } = file.info(source)!;
    if (shape.length !== spec.shape.length || shape.some((size, axis) => size !== spec.shape[axis])) {
      throw new FacetError(
        'bad-file',
        `Tensor "${source}" has shape [${shape.join(', ')}]; config.json says [${spec.shape.join(', ')}].`,
      );
    }
    return { spec, source };
  });
}

/**
 * Reads every tensor and puts it on the GPU, one at a time. All shapes are checked before the first byte is allocated.
 * @param storage `file` keeps f16 matrices packed; `f32` widens everything
 * @throws FacetError `bad-file`, `out-of-memory`
 */
export async function loadWeights(
  gpu: Gpu,
  file: TensorReader,
  specs: readonly WeightSpec[],
  storage: WeightStorage,
  signal?: AbortSignal,
): Promise<Weights> {
  const tensors = new Map<string, Tensor>();
  gpu.device.pushErrorScope('out-of-memory');
  let failure: unknown;
  try {
    for (const { spec, source } of resolve(file, specs)) {
      signal?.throwIfAborted();
      const { dtype } = file.info(source)!;
      const bytes = await file.read(source);
      const packed = spec.kind === 'matrix' && storage === 'file' && dtype === 'F16';
      tensors.set(
        spec.name,
        gpu.upload(packed ? toFloat16Bits(bytes, dtype) : toFloat32(bytes, dtype), spec.shape),
      );
    }
  } catch (thrown) {
    failure = thrown;
  }
  const outOfMemory = await gpu.device.popErrorScope();
  if (outOfMemory) {
    failure = new FacetError('out-of-memory', 'The GPU has no room for this model.', {
      hint: 'Close other pages that use the GPU, or choose a smaller model.',
      detail: outOfMemory.message,
    });
  }
  if (failure !== undefined) {
    for (const tensor of tensors.values()) tensor.dispose();
    throw failure;
  }
  return new Weights(tensors);
}
