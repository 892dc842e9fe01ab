import type { Gpu } from '../gpu/gpu.ts';
import { FacetError } from '../shared/errors.ts';
import type { TensorReader } from '../shared/tensor-file.ts';
import { gpuCases } from '../testing/cases.ts';
import { expectClose, expectEqual } from '../testing/close.ts';
import { familyConfig, familyTensors, openUrl } from '../testing/family-goldens.ts';
import { TestRandom } from '../testing/random.ts';
import { MemoryTensors } from '../testing/tensors.ts';
import { describeModel } from './describe.ts';
import gpt2Config from './goldens/gpt2-random/config.json';
import gpt2Weights from './goldens/gpt2-random/model.safetensors?url';
import { estimateMemory } from './memory.ts';
import { Transformer } from './transformer.ts';
import { loadWeights } from './weights.ts';

async function refusal(work: () => Promise<unknown>): Promise<FacetError> {
  try {
    await work();
  } catch (thrown) {
    if (thrown instanceof FacetError) return thrown;
    throw thrown;
  }
  throw new Error('was accepted');
}

const bundled = (): Promise<[unknown, TensorReader]> => {
  const folder = `${self.location.origin}/models/storyworld-2m/`;
  return Promise.all([
    fetch(`${folder}config.json`).then((response) => response.json() as Promise<unknown>),
    openUrl('storyworld', `${folder}model.safetensors`),
  ]);
};

async function allocatedBy(gpu: Gpu, load: () => Promise<Disposable>): Promise<number> {
  const before = gpu.allocatedBytes;
  using _ = await load();
  return gpu.allocatedBytes - before;
}

export const cases = gpuCases('weights', {
  'the estimate is what loading the bundled model allocates, and near what reading takes': async (gpu) => {
    const [config, file] = await bundled();
    const description = describeModel(config);
    const dtypes = (tensor: string) => file.info(tensor)?.dtype;
    const nCtx = description.config.nCtx;
    const memory = estimateMemory(description, { contextWindow: nCtx, dtypes });
    for (const storage of ['file', 'f32', 'f16'] as const) {
      const bytes = await allocatedBy(gpu, () => Transformer.load(gpu, config, file, { storage }));
      expectEqual([memory.weights[storage]], [bytes], storage);
    }
    if (memory.weights.file >= memory.weights.f32) throw new Error('packed weights are no smaller');
    using model = await Transformer.load(gpu, config, file);
    expectEqual([model.parameters], [description.parameters], 'parameters');
    gpu.trim();
    const before = gpu.pool.allocatedBytes;
    const batch = gpu.batch('memory');
    model.record(batch, { ids: new Uint32Array(nCtx).map((_, i) => i), logits: 'all' });
    await batch.submit();
    const passes = gpu.pool.allocatedBytes - before;
    if (memory.passes < 0.8 * passes || memory.passes > 1.5 * passes)
      throw new Error(`a pass of ${nCtx} tokens took ${passes} bytes, ${memory.passes} were foreseen`);
  },
  'a large tensor comes in parts, with progress to the end': async (gpu) => {
    const [rows, columns] = [9_000, 1_024]; // two reads and a little
    const values = new TestRandom(1).normal(rows * columns);
    const file = new MemoryTensors().set('w', values, [rows, columns]);
    const shape = [rows, columns];
    const spec = {
      name: 'w',
      sources: [{ names: ['w'], shape }],
      shape,
      kind: 'matrix',
      layout: 'nk',
    } as const;
    const progress: number[] = [];
    using weights = await loadWeights(gpu, file, [spec], {
      storage: 'file',
      largestTensorBytes: 5_000 * columns * 4,
      onProgress: (done, total) => progress.push(done / total),
    });
    const { parts } = weights.matrix('w');
    expectEqual(
      parts.map((part) => part.shape[0]!),
      [4_992, 4_008],
      'rows of the parts',
    );
    const { arrays } = await gpu.batch('read').submit([...parts]);
    expectEqual(
      arrays[0]!.slice(-columns),
      values.slice(4_991 * columns, 4_992 * columns),
      'end of the first',
    );
    expectEqual(
      arrays[1]!.slice(0, columns),
      values.slice(4_992 * columns, 4_993 * columns),
      'start of the second',
    );
    expectEqual(arrays[1]!.slice(-columns), values.slice(-columns), 'end of the second');
    if (file.reads.length !== 3) throw new Error(`${file.reads.length} reads`);
    expectEqual([progress.at(-1)!, progress.length], [1, 3], 'progress');
    if (progress.some((share, i) => i > 0 && share <= progress[i - 1]!))
      throw new Error('progress went back');
  },
  'a load that is cancelled or fails half-way leaves nothing on the GPU': async (gpu) => {
    const file = await familyTensors('llama');
    const before = gpu.allocatedBytes;
    const controller = new AbortController();
    const stopped = await refusal(() =>
      Transformer.load(gpu, familyConfig('llama'), file, {
        signal: controller.signal,
        onProgress: (done) => done > 20_000 && controller.abort(),
      }),
    );
    expectEqual([Number(stopped.code === 'cancelled'), gpu.allocatedBytes - before], [1, 0], 'cancelled');
    let reads = 0;
    const failing: TensorReader = {
      names: () => file.names(),
      info: (name) => file.info(name),
      read(name, from, to) {
        if (++reads > 5) throw new FacetError('bad-file', 'the file ended');
        return file.read(name, from, to);
      },
    };
    const failed = await refusal(() => Transformer.load(gpu, familyConfig('llama'), failing));
    expectEqual([Number(failed.code === 'bad-file'), gpu.allocatedBytes - before], [1, 0], 'failed');
    const short: TensorReader = { ...failing, read: async () => new Uint8Array(4) };
    if ((await refusal(() => Transformer.load(gpu, familyConfig('llama'), short))).code !== 'bad-file')
      throw new Error('a short answer was taken');
    expectEqual([gpu.allocatedBytes - before], [0], 'short');
  },
  'embedding and positions of different types': async (gpu) => {
    const file = await openUrl('gpt2', gpt2Weights);
    const tensor = 'transformer.wpe.weight';
    const rounded = new Float32Array((await file.read(tensor)).slice().buffer).map((value) =>
      Math.fround(Math.round(value * 8) / 8),
    );
    const logits = async (dtype: 'F32' | 'BF16'): Promise<Float32Array> => {
      const wpe = new MemoryTensors().set(tensor, rounded, [40, 36], dtype);
      const mixed: TensorReader = {
        names: () => file.names(),
        info: (name) => wpe.info(name) ?? file.info(name),
        read: (name, from, to) => (wpe.info(name) ? wpe : file).read(name, from, to),
      };
      using model = await Transformer.load(gpu, gpt2Config, mixed);
      const batch = gpu.batch('mixed');
      const ids = Uint32Array.from([1, 2, 3, 4, 5]);
      return (await batch.submit([model.record(batch, { ids, logits: 'all' }).logits!]))
        .arrays[0] as Float32Array;
    };
    expectClose(await logits('BF16'), await logits('F32'), { absolute: 1e-5 });
  },
  'a head the configuration calls tied is its own where the file says otherwise': async (gpu) => {
    const config = { ...(familyConfig('llama') as object), tie_word_embeddings: true };
    const file = await familyTensors('llama');
    const embed = 'model.embed_tokens.weight';
    const { shape } = file.info(embed)!;
    const values = new TestRandom(2).normal(shape[0]! * shape[1]!);
    const embedded = new Float32Array((await file.read(embed)).slice().buffer);
    const logits = async (tied: boolean, tensors: Record<string, Float32Array>): Promise<Float32Array> => {
      const own = new MemoryTensors();
      for (const [name, data] of Object.entries(tensors)) own.set(name, data, shape);
      const ours = [embed, 'lm_head.weight'];
      const reader: TensorReader = {
        names: () => [...file.names().filter((name) => !ours.includes(name)), ...own.names()],
        info: (name) => (ours.includes(name) ? own : file).info(name),
        read: (name, from, to) => (ours.includes(name) ? own : file).read(name, from, to),
      };
      using model = await Transformer.load(gpu, { ...config, tie_word_embeddings: tied }, reader);
      const batch = gpu.batch('tied');
      const ids = Uint32Array.from([1, 2, 3, 4, 5]);
      return (await batch.submit([model.record(batch, { ids, logits: 'all' }).logits!]))
        .arrays[0] as Float32Array;
    };
    const head = 'lm_head.weight';
    const apart = await logits(false, { [embed]: embedded, [head]: values });
    expectEqual(await logits(true, { [embed]: embedded, [head]: values }), apart, 'different');
    const last = embedded.slice().fill(0, embedded.length - 1);
    expectEqual(
      await logits(true, { [embed]: embedded, [head]: last }),
      await logits(false, { [embed]: embedded, [head]: last }),
      'different in the last value',
    );
    const one = await logits(true, { [embed]: values });
    expectEqual(await logits(true, { [head]: values }), one, 'only the head');
    expectEqual(await logits(true, { [embed]: values, [head]: values }), one, 'the same');
    const bytes = (tensors: MemoryTensors): Promise<number> =>
      allocatedBy(gpu, () => loadWeights(gpu, tensors, [spec], { storage: 'file' }));
    const twin = { sources: [{ names: [head], shape }], shape, kind: 'matrix', layout: 'nk' } as const;
    const spec = {
      ...twin,
      name: 'W_E',
      sources: [{ names: [embed], shape }],
      twin: { ...twin, name: 'W_U', optional: true },
    };
    const both = new MemoryTensors().set(embed, values, shape).set(head, values, shape);
    expectEqual([await bytes(both)], [await bytes(new MemoryTensors().set(embed, values, shape))], 'once');
  },
  'what halves cannot hold is refused when they are asked for': async (gpu) => {
    const values = new Float32Array(16).fill(1).fill(70_000, 5, 6);
    const file = new MemoryTensors().set('w', values, [4, 4]);
    const shape = [4, 4];
    const load = (storage: 'f16' | 'f32') =>
      loadWeights(
        gpu,
        file,
        [{ name: 'w', sources: [{ names: ['w'], shape }], shape, kind: 'matrix', layout: 'nk' }],
        {
          storage,
        },
      );
    if ((await refusal(() => load('f16'))).code !== 'unsupported') throw new Error('another reason');
    (await load('f32'))[Symbol.dispose]();
  },
});
