import { expose } from 'comlink';
import { type BenchWorkload, benchWorkloads } from '../../../src/engine/bench/workloads.ts';
import { type Contender, KINDS } from '../contender.ts';
import { openOrt } from '../ort.ts';
import { openBeside, openOurs } from '../ours.ts';
import { type Outcome, type Rounds, runRounds } from '../rounds.ts';
import { inputsOf } from '../works.ts';

export interface Measured {
  adapter: string;
  outcomes: Outcome[];
}

/** By the words of `--contenders`. onnxruntime-web WASM first: the others' answers are compared with the first one's. */
function contendersOf(workload: BenchWorkload): Record<string, () => Promise<Contender>> {
  const beside = benchWorkloads.find(({ id }) => id === workload.beside);
  return {
    'ort-wasm': () => openOrt('cpu'),
    ...Object.fromEntries(
      KINDS.flatMap((kind) => [
        [`ours-${kind}`, () => openOurs(kind)],
        ...(beside ? [[`beside-${kind}`, () => openBeside(kind, beside)]] : []),
      ]),
    ),
    'ort-webgpu': () => openOrt('webgpu'),
    tfjs: async () => (await import('../tfjs.ts')).openTfjs(),
    jax: async () => (await import('../jax.ts')).openJax(),
  };
}

const worker = {
  /** @param asked `contenders` narrows the run to those whose key contains one of the words */
  async measure(
    asked: { workload: string; rounds: Rounds; contenders: readonly string[] },
    say: (line: string) => void,
  ): Promise<Measured> {
    const workload = benchWorkloads.find(({ id }) => id === asked.workload)!;
    const info = (await navigator.gpu?.requestAdapter())?.info;
    const chosen = Object.entries(contendersOf(workload)).filter(
      ([key]) => asked.contenders.length === 0 || asked.contenders.some((word) => key.includes(word)),
    );
    const prepare = await inputsOf(workload);
    const outcomes = await runRounds(Object.fromEntries(chosen), prepare, asked.rounds, say);
    const adapter = [info?.vendor, info?.architecture, info?.description].filter(Boolean).join(' ') || 'none';
    return { adapter, outcomes };
  },
};

export type PeersWorker = typeof worker;
expose(worker);
