import { prepare } from '../../src/engine/bench/kinds/index.ts';
import type { BenchContext } from '../../src/engine/bench/prepared.ts';
import { SeededFile } from '../../src/engine/bench/seeded-file.ts';
import { seededModels, tensorValues, type WorkloadShape } from '../../src/engine/bench/workloads.ts';
import type { Batch } from '../../src/gpu/batch.ts';
import type { Gpu } from '../../src/gpu/gpu.ts';
import type { Tensor } from '../../src/gpu/tensor.ts';
import { Transformer } from '../../src/model/transformer.ts';
import { bundledModel } from '../../src/testing/bundled.ts';
import type { Prepared } from './contender.ts';

/** Read back of a run that is timed: all of a small answer, or this much of a large one. */
const SMALL_BYTES = 65_536;
const PART_VALUES = 4_096;

/** A workload as the page's own suite runs it, which also says whether the answer is right. */
export async function ownPrepared(gpu: Gpu, shape: WorkloadShape): Promise<Prepared> {
  const models: Transformer[] = [];
  const load = async (model: Promise<Transformer>): Promise<Transformer> => {
    models.push(await model);
    return model;
  };
  const context: BenchContext = {
    gpu,
    open: await load(bundledModel(gpu)),
    seeded: (name) => {
      const model = seededModels[name]();
      return load(Transformer.load(gpu, model.config, new SeededFile(model)));
    },
    tensor: async (tensor) => gpu.upload(tensorValues(tensor), tensor.shape),
    turn: (work) => work(),
    pause: async () => {},
  };
  const work = await prepare(context, shape);
  const submit = async (read: (batch: Batch, answer: Tensor[]) => Tensor[]) => {
    const batch = gpu.batch('bench');
    return (await batch.submit(read(batch, work.record(batch)))).arrays;
  };
  return {
    async answer() {
      await work.check(await submit((_, answer) => answer));
      return undefined;
    },
    run: () =>
      submit((batch, answer) => {
        if (answer.reduce((sum, { byteLength }) => sum + byteLength, 0) <= SMALL_BYTES) return answer;
        const part = batch.scratch([PART_VALUES]);
        batch.copy(answer[0]!, part);
        return [part];
      }),
    dispose() {
      work[Symbol.dispose]();
      for (const model of models) model[Symbol.dispose]();
    },
  };
}
