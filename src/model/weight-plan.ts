import { UNEMBED_GROUP } from '../gpu/kernels/unembed_scan.ts';
import type { WeightDType } from '../gpu/tensor.ts';
import { FacetError } from '../shared/errors.ts';
import type { FileDType, TensorReader } from '../shared/tensor-file.ts';
import type { WeightSource, WeightSpec } from './families/family.ts';

/**
 * How matrices are kept on the GPU: `file` as the file has them, f16 and bf16 packed; `f32` widened; `f16` rounded to
 * packed halves. Vectors are always f32.
 */
export type WeightStorage = 'file' | 'f32' | 'f16';

/** A tensor of the file and where its rows go. */
export interface PlannedSource {
  tensor: string;
  dtype: FileDType;
  rows: number;
  /** Its first row in the tensor on the GPU. */
  firstRow: number;
}

/** One of the runtime's tensors, decided: from where, as what, in how many parts. */
export interface PlannedWeight {
  spec: WeightSpec;
  sources: PlannedSource[];
  dtype: WeightDType;
  /** Values of a row; 1 for vectors. */
  columns: number;
  /** First row of each part, and the number of rows at the end. */
  cuts: number[];
  /** The tensor of the file that its only source should be the same as; it is loaded only if it is not. */
  unless?: PlannedSource;
}

const FLOATS: Partial<Record<FileDType, WeightDType>> = { F32: 'f32', F16: 'f16', BF16: 'bf16' };
const WIDTHS: Record<WeightDType, number> = { f32: 4, f16: 2, bf16: 2 };
/** Masks and tables older checkpoints carry, which the runtime makes itself. */
const BUFFERS = /\.(attn|attention)\.(bias|masked_bias)$|\.rotary_emb\.inv_freq$/;
/** The parts of models with images that text does not reach. */
const VISION = /(^|\.)(vision_tower|vision_model|multi_modal_projector)\./;

/** What a tensor is stored as when its sources have these types. */
export function storedAs(
  { kind }: WeightSpec,
  dtypes: readonly FileDType[],
  storage: WeightStorage,
): WeightDType {
  if (kind === 'vector' || storage === 'f32') return 'f32';
  if (storage === 'f16') return 'f16';
  const [first] = dtypes;
  return dtypes.every((dtype) => dtype === first) ? (FLOATS[first!] ?? 'f32') : 'f32';
}

/**
 * Decides everything about loading before anything is allocated: names, types, shapes, sizes.
 * @param largestTensorBytes what one binding holds; longer matrices are cut into several by rows
 * @throws FacetError `bad-file` for a missing tensor or a wrong shape, `unsupported` for a type or a tensor the
 *   architecture does not have, `limits`
 */
export function planWeights(
  file: TensorReader,
  specs: readonly WeightSpec[],
  storage: WeightStorage,
  largestTensorBytes: number,
): PlannedWeight[] {
  const used = new Set<string>();
  const plan = (spec: WeightSpec): PlannedWeight[] => {
    let rows = 0;
    const sources: PlannedSource[] = [];
    for (const source of spec.sources) {
      const others = spec.twin?.sources[0]!.names ?? [];
      const tensor = [...source.names, ...others].find((name) => file.info(name) !== undefined);
      if (tensor === undefined) {
        if (spec.optional) return [];
        throw new FacetError('bad-file', `The weights have no tensor "${source.names.join('" or "')}".`);
      }
      used.add(tensor);
      sources.push({ tensor, dtype: checked(file, tensor, source), rows: source.shape[0]!, firstRow: rows });
      rows += source.shape[0]!;
    }
    const dtype = storedAs(
      spec,
      sources.map((source) => source.dtype),
      storage,
    );
    const columns = spec.shape[1] ?? 1;
    const cuts = cutRows(spec, rows, columns * WIDTHS[dtype], largestTensorBytes);
    const [unless] = sources;
    const twins = (spec.twin ? plan(spec.twin) : []).filter(
      (twin) => twin.sources[0]!.tensor !== unless!.tensor,
    );
    return [{ spec, sources, dtype, columns, cuts }, ...twins.map((twin) => ({ ...twin, unless }))];
  };
  const planned = specs.flatMap(plan);
  refuseUnknown(file, used);
  return planned;
}

function checked(file: TensorReader, tensor: string, source: WeightSource): FileDType {
  const { shape, dtype, stored } = file.info(tensor)!;
  if (shape.length !== source.shape.length || shape.some((size, axis) => size !== source.shape[axis])) {
    throw new FacetError(
      'bad-file',
      `Tensor "${tensor}" has shape [${shape.join(', ')}]; config.json says [${source.shape.join(', ')}].`,
    );
  }
  if (FLOATS[dtype]) return dtype;
  throw new FacetError(
    'unsupported',
    `Tensor "${tensor}" holds ${stored ?? dtype}, which is not supported.`,
    {
      hint: 'Supported are F32, F16 and BF16.',
    },
  );
}

function cutRows(spec: WeightSpec, rows: number, rowBytes: number, most: number): number[] {
  const inOne = Math.floor(most / rowBytes);
  if (rows <= inOne) return [0, rows];
  // Kernels that go through a matrix backwards take four of its rows at a time, those that unembed 16.
  const unit = [UNEMBED_GROUP, 4].find((size) => inOne >= size) ?? 1;
  const step = inOne - (inOne % unit);
  if (spec.kind === 'matrix' && spec.layout === 'nk' && step > 0)
    return [...Array.from({ length: Math.ceil(rows / step) }, (_, part) => part * step), rows];
  const mebibytes = (size: number): string => `${Math.ceil(size / 2 ** 20)} MiB`;
  throw new FacetError(
    'limits',
    `${spec.name} needs a GPU buffer of ${mebibytes(rows * rowBytes)}; this adapter allows ${mebibytes(most)}.`,
    { hint: 'Choose a smaller model, or a file with f16 weights.' },
  );
}

/** A layer with a tensor the configuration does not ask for would be computed without it: wrong, and silently so. */
function refuseUnknown(file: TensorReader, used: ReadonlySet<string>): void {
  const unknown = file
    .names()
    .find(
      (name) =>
        /(^|\.)(h|layers)\.\d+\./.test(name) && !used.has(name) && !BUFFERS.test(name) && !VISION.test(name),
    );
  if (unknown === undefined) return;
  throw new FacetError(
    'unsupported',
    `The weights have a tensor "${unknown.slice(0, 120)}", which config.json does not speak of.`,
    { hint: 'The configuration may belong to another model.' },
  );
}
