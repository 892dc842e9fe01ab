import type { Batch } from '../../gpu/batch.ts';
import type { Gpu } from '../../gpu/gpu.ts';
import type { KernelSpec } from '../../gpu/kernel.ts';
import type { Tensor } from '../../gpu/tensor.ts';
import { codeOf, withBundledSession } from '../../testing/bundled-session.ts';
import { gpuCases } from '../../testing/cases.ts';
import { expectEqual } from '../../testing/close.ts';
import { FacetError } from '../../shared/errors.ts';
import type { BenchProgress, BenchRun } from '../protocol.ts';
import { contextOf } from './context.ts';
import { prepare } from './kinds/index.ts';
import { Belongings, type Prepared } from './prepared.ts';
import { runBench } from './suite.ts';
import type { WorkloadKind, WorkloadShape } from './workloads.ts';

/** Every kind, as small as it says something. */
const SMALL: { [Kind in WorkloadKind]: Extract<WorkloadShape, { kind: Kind }> } = {
  block: { kind: 'block', tokens: 17, model: 'gpt2-block' },
  forward: { kind: 'forward', tokens: 21, model: 'open' },
  encode: { kind: 'encode', tokens: 5, dIn: 64, dSae: 2_048, k: 8 },
  'encoder-matmul': { kind: 'encoder-matmul', tokens: 5, dIn: 64, dSae: 2_048 },
  decode: { kind: 'decode', tokens: 5, dIn: 64, dSae: 2_048, k: 8 },
  step: { kind: 'step', context: 9, model: 'open' },
  steer: { kind: 'steer', tokens: 12, model: 'open' },
  attention: { kind: 'attention', tokens: 80, nHeads: 3, dHead: 16, blockSize: 16, skipped: 0.5 },
};

type Run = (kernel: KernelSpec, args: Parameters<Batch['run']>[1]) => void;

/** One run's answer. @param change sees every dispatch, and may give it other tensors */
async function answerOf(
  gpu: Gpu,
  prepared: Prepared,
  change: (kernel: KernelSpec, args: Parameters<Run>[1]) => Parameters<Run>[1] = (_, args) => args,
) {
  const batch = gpu.batch('answer');
  const run: Run = batch.run.bind(batch);
  Object.assign(batch, {
    run: (kernel: KernelSpec, args: Parameters<Run>[1]) => run(kernel, change(kernel, args)),
  });
  return (await batch.submit(prepared.record(batch))).arrays;
}

const kindCases = Object.fromEntries(
  Object.values(SMALL).map((shape) => [
    `${shape.kind}: a kernel that is given zeros gives an answer that is refused`,
    (gpu: Gpu) =>
      withBundledSession(gpu, async (session) => {
        using belongings = new Belongings();
        const context = contextOf(session, belongings);
        using prepared = await prepare(context, shape);
        const used = new Map<string, KernelSpec>();
        const right = await answerOf(gpu, prepared, (kernel, args) => {
          used.set(kernel.name, kernel);
          return args;
        });
        await prepared.check(right);
        if (used.size === 0) throw new Error('nothing was run');
        for (const { name, tensors } of used.values()) {
          const input = Object.keys(tensors).find((tensor) => tensors[tensor] === 'read')!;
          const zeros: Tensor[] = [];
          const answer = await answerOf(gpu, prepared, (kernel, args) => {
            if (kernel.name !== name) return args;
            const { shape: size, dtype } = args.tensors[input]!;
            const count = size.reduce((product, each) => product * each, 1);
            const zero = gpu.upload(dtype === 'u32' ? new Uint32Array(count) : new Float32Array(count), size);
            zeros.push(zero);
            return { ...args, tensors: { ...args.tensors, [input]: zero } };
          });
          for (const zero of zeros) zero.dispose();
          const refused = await prepared.check(answer).then(
            () => false,
            (thrown: unknown) =>
              thrown instanceof FacetError && thrown.message.startsWith('The answer is wrong'),
          );
          if (!refused) throw new Error(`${name} was given zeros for ${input}, and nobody noticed`);
        }
      }),
  ]),
);

export const cases = gpuCases('speed', {
  ...kindCases,
  'one value that is off is noticed, in whichever part of the answer': (gpu) =>
    withBundledSession(gpu, async (session) => {
      using belongings = new Belongings();
      const context = contextOf(session, belongings);
      for (const kind of ['encoder-matmul', 'decode', 'block'] as const) {
        using prepared = await prepare(context, SMALL[kind]);
        const [right] = await answerOf(gpu, prepared);
        for (const at of [0, right!.length >> 1, right!.length - 1]) {
          const off = right!.slice();
          off[at]! += 0.02;
          if ((await codeOf(prepared.check([off]))) !== 'bug') throw new Error(`${kind}: value ${at}`);
        }
      }
    }),
  'a run times what was chosen and what it is compared with, and says how far it is': (gpu) =>
    withBundledSession(gpu, async (session) => {
      const told: BenchProgress[] = [];
      const partial: BenchRun[] = [];
      const run = await runBench(
        session,
        { workloads: ['steer-open', 'decode-64'], rounds: 3 },
        { progress: (each) => told.push(each), partial: (each) => partial.push(each) },
      );
      const ids = run.rows.map(({ id }) => id).join();
      if (ids !== 'forward-open,decode-64,steer-open') throw new Error(ids);
      for (const row of run.rows) {
        if ('failure' in row) throw new Error(`${row.id}: ${row.failure.message}`);
        const { ms, flops, bytes, repeats } = row;
        const sound = ms!.lower > 0 && ms!.lower <= ms!.median && ms!.median <= ms!.upper;
        if (!sound || !(flops > 0) || !(bytes > 0) || !(repeats >= 1)) throw new Error(JSON.stringify(row));
      }
      const decoded = run.rows.find(({ id }) => id === 'decode-64');
      // 64 tokens × 32 features × 768 values, a multiply-add each.
      if (decoded && 'flops' in decoded) expectEqual([decoded.flops], [2 * 64 * 32 * 768]);
      for (const row of run.rows) {
        if (run.clock === 'wall' || 'failure' in row) continue;
        const kernels = row.kernels ?? [];
        const flops = kernels.reduce((sum, kernel) => sum + kernel.flops, 0);
        if (!(Math.abs(flops - row.flops) < 1e-6 * row.flops))
          throw new Error(`${row.id}: ${flops} of ${row.flops}`);
      }
      const steered = run.rows[2];
      if (!steered || !('ratio' in steered) || steered.ratio?.to !== 'forward-open')
        throw new Error('no ratio');
      expectEqual([run.rounds, partial.length], [3, 3 + 3]);
      const stages = [...new Set(told.map(({ stage }) => stage))].join();
      if (stages !== 'roof,check,rounds' || !((told.at(-1)?.secondsLeft ?? -1) >= 0)) throw new Error(stages);
      if (!(run.roof!.bytesPerSecond > 1e8 && run.roof!.flopsPerSecond > 1e8))
        throw new Error(JSON.stringify(run.roof));
    }),
  'stopping ends a run between two of its pieces, and nothing stays on the device': (gpu) =>
    withBundledSession(gpu, async (session, stop) => {
      gpu.trim();
      const before = gpu.allocatedBytes;
      let rounds = 0;
      const running = runBench(
        session,
        { workloads: ['decode-64'], rounds: 50 },
        { progress: ({ stage }) => stage === 'rounds' && ++rounds === 2 && stop(), partial: () => {} },
      );
      const code = await codeOf(running);
      if (code !== 'cancelled') throw new Error(code);
      expectEqual([rounds, gpu.allocatedBytes], [2, before]);
    }),
  'what cannot be asked is refused': (gpu) =>
    withBundledSession(gpu, async (session) => {
      const on = { progress: () => {}, partial: () => {} };
      for (const request of [
        { workloads: [] },
        { workloads: ['nothing'] },
        { workloads: ['decode-64'], rounds: 0 },
        { workloads: ['decode-64'], rounds: 2.5 },
        { workloads: ['decode-64'], rounds: 51 },
      ])
        expectEqual([(await codeOf(runBench(session, request, on))) === 'bad-input' ? 1 : 0], [1]);
    }),
});
