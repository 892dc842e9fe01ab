import type { Gpu } from '../gpu/gpu.ts';
import { byteLengthOf, type Tensor } from '../gpu/tensor.ts';
import { toFloat16Bits, toFloat32 } from '../shared/dtype.ts';
import { FacetError } from '../shared/errors.ts';
import type { FileDType, TensorReader } from '../shared/tensor-file.ts';
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
 * @throws FacetError `bad-file`, `limits`, `out-of-memory`
 */
export async function loadWeights(
  gpu: Gpu,
  file: TensorReader,
  specs: readonly WeightSpec[],
  storage: WeightStorage,
  signal?: AbortSignal,
): Promise<Weights> {
  const resolved = resolve(file, specs);
  for (const { spec, source } of resolved) checkFits(gpu, spec, file.info(source)!.dtype, storage);
  const tensors = new Map<string, Tensor>();
  try {
    for (const { spec, source } of resolved) {
      signal?.throwIfAborted();
      const { dtype } = file.info(source)!;
      const bytes = await file.read(source);
      const data = isPacked(spec, dtype, storage) ? toFloat16Bits(bytes, dtype) : toFloat32(bytes, dtype);
      tensors.set(spec.name, await gpu.uploadWeights(data, spec.shape));
    }
    return new Weights(tensors);
  } catch (thrown) {
    for (const tensor of tensors.values()) tensor.dispose();
    throw thrown;
  }
}

function isPacked({ kind }: WeightSpec, dtype: FileDType, storage: WeightStorage): boolean {
  return kind === 'matrix' && storage === 'file' && dtype === 'F16';
}

/** A matrix must fit one binding. */
function checkFits(gpu: Gpu, spec: WeightSpec, dtype: FileDType, storage: WeightStorage): void {
  const bytes = byteLengthOf(spec.shape, isPacked(spec, dtype, storage) ? 'f16' : 'f32');
  if (bytes <= gpu.largestTensorBytes) return;
  const mebibytes = (size: number): string => `${Math.ceil(size / 2 ** 20)} MiB`;
  throw new FacetError(
    'limits',
    `${spec.name} needs a GPU buffer of ${mebibytes(bytes)}; this adapter allows ${mebibytes(gpu.largestTensorBytes)}.`,
    { hint: 'Choose a smaller model, or a file with f16 weights.' },
  );
}
