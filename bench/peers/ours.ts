import type { BenchWorkload } from '../../src/engine/bench/workloads.ts';
import type { Batch } from '../../src/gpu/batch.ts';
import { Gpu } from '../../src/gpu/gpu.ts';
import { matmul } from '../../src/gpu/kernels/matmul.ts';
import { saeDecodeSparse } from '../../src/gpu/kernels/sae_decode_sparse.ts';
import { saeEncodeTopK } from '../../src/gpu/kernels/sae_encode_topk.ts';
import type { Tensor } from '../../src/gpu/tensor.ts';
import { Transformer } from '../../src/model/transformer.ts';
import type { Answer, Contender, EncodeWork, Kind, Prepared, Ways } from './contender.ts';
import { ownPrepared } from './own.ts';
import type { Checkpoint, Values } from './weights.ts';

/** How ours is called, by where it computes. */
export const OURS: Record<Kind, string> = { webgpu: 'Facet WebGPU', cpu: 'Facet CPU' };

const acquire = (kind: Kind): Promise<Gpu> => Gpu.acquire({ largestTensorBytes: 2 ** 28 }, kind);

const only = (prepare: () => Promise<Prepared>): Ways => ({ only: prepare });

/** The last row of a matrix, the small result. */
function lastRow(batch: Batch, whole: Tensor): Tensor {
  const [rows, width] = whole.shape as [number, number];
  const row = batch.scratch([1, width]);
  batch.copy(whole, row, { fromOffset: 4 * (rows - 1) * width, size: 4 * width });
  return row;
}

function prepared(
  gpu: Gpu,
  held: readonly Disposable[],
  record: (batch: Batch) => Tensor,
  before: () => void = () => {},
): Prepared {
  const run = async (read: (batch: Batch, whole: Tensor) => Tensor): Promise<Answer> => {
    before();
    const batch = gpu.batch('bench');
    const whole = record(batch);
    const { arrays } = await batch.submit([read(batch, whole)]);
    return { values: arrays[0]! };
  };
  return {
    answer: () => run((_, whole) => whole),
    run: () => run(lastRow),
    dispose: () => held.forEach((each) => each[Symbol.dispose]()),
  };
}

export async function openOurs(kind: Kind): Promise<Contender> {
  const gpu = await acquire(kind);
  const upload = (values: Values, shape: readonly number[]): Tensor => gpu.upload(values, shape);
  return {
    name: OURS[kind],
    kind,
    ours: true,
    model: ({ json, config, checkpoint, ids, residual, cache }) =>
      only(async () => {
        const model = await Transformer.load(gpu, json, unfused(checkpoint));
        const last = `blocks.${config.nLayers - 1}.hook_resid_post`;
        if (residual) {
          const x = upload(residual, [ids.length, config.dModel]);
          return prepared(gpu, [model, x], (batch) => {
            const plan = {
              ids,
              captures: [last],
              logits: 'none',
              resume: { layer: 0, residual: x },
            } as const;
            return model.record(batch, plan).captures.get(last)!;
          });
        }
        if (!cache)
          return prepared(gpu, [model], (batch) => model.record(batch, { ids, logits: 'all' }).logits!);
        const kept = model.cache();
        await kept.reserve(cache.rows + ids.length);
        cache.layers.forEach(({ k, v }, layer) =>
          gpu.write(kept.layer(layer), 0, interleaved(k, v, cache.rows)),
        );
        kept.advance(cache.rows);
        return prepared(
          gpu,
          [model, kept],
          (batch) => model.record(batch, { ids, cache: kept, logits: 'last' }).logits!,
          () => kept.truncate(cache.rows),
        );
      }),
    encode: (work) =>
      only(async () => {
        const { x, wEnc, bEnc, k } = encodeTensors(upload, work);
        const run = async (): Promise<Answer> => {
          const batch = gpu.batch('bench');
          const codes = saeEncodeTopK(batch, { x, wEnc, bEnc, k });
          const { arrays } = await batch.submit([codes.values, codes.indices]);
          return { values: arrays[0]!, codes: { indices: arrays[1]!, k } };
        };
        return { answer: run, run, dispose: () => [x, wEnc, bEnc].forEach((tensor) => tensor.dispose()) };
      }),
    decode: ({ tokens, d, latents, k, indices, values, wDec, bDec }) =>
      only(async () => {
        const tensors = {
          indices: gpu.upload(indices, [tokens, k]),
          values: upload(values, [tokens, k]),
          wDec: upload(wDec, [latents, d]),
          bDec: upload(bDec, [d]),
        };
        return prepared(gpu, Object.values(tensors), (batch) => saeDecodeSparse(batch, tensors));
      }),
    matmul: (work) =>
      only(async () => {
        const { x, wEnc: weights, bEnc: bias } = encodeTensors(upload, work);
        return prepared(gpu, [x, weights, bias], (batch) =>
          matmul(batch, { x, weights, layout: 'kn', bias }),
        );
      }),
    own: (shape) => only(() => ownPrepared(gpu, shape)),
    dispose: () => gpu[Symbol.dispose](),
  };
}

/** What a workload stands beside, on a backend of ours. */
export async function openBeside(kind: Kind, beside: BenchWorkload): Promise<Contender> {
  const gpu = await acquire(kind);
  const ways = (): Ways => only(() => ownPrepared(gpu, beside.shape));
  return {
    name: `${OURS[kind]}: ${beside.title}`,
    kind,
    ours: true,
    part: true,
    own: ways,
    encode: ways,
    dispose: () => gpu[Symbol.dispose](),
  };
}

function encodeTensors(
  upload: (values: Values, shape: readonly number[]) => Tensor,
  { tokens, d, latents, k, x, wEnc, bEnc }: EncodeWork,
): { x: Tensor; wEnc: Tensor; bEnc: Tensor; k: number } {
  return { x: upload(x, [tokens, d]), wEnc: upload(wEnc, [d, latents]), bEnc: upload(bEnc, [latents]), k };
}

/** Keys and values of a layer side by side, as `KvCache` keeps them. */
function interleaved(k: Values, v: Values, rows: number): Values {
  const width = k.length / rows;
  const both = new Float32Array(2 * k.length);
  for (let row = 0; row < rows; row++) {
    both.set(k.subarray(row * width, (row + 1) * width), 2 * row * width);
    both.set(v.subarray(row * width, (row + 1) * width), (2 * row + 1) * width);
  }
  return both;
}

/** The checkpoint without what was added for others: the loader refuses tensors a model has no place for. */
function unfused(checkpoint: Checkpoint): Checkpoint {
  return checkpoint.without(/\.qkv_proj\./);
}
