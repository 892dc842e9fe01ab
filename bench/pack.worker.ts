import { expose } from 'comlink';
import { encodeSequences } from '../src/analysis/encode-sequences.ts';
import { Gpu } from '../src/gpu/gpu.ts';
import { generate } from '../src/storyworld/index.ts';
import { bundledDictionary, bundledModel, bundledTokenizer } from '../src/testing/bundled.ts';

/** Tokens per second of each way over those of one text a pass and a submission; median over rounds, and the range. */
export interface PackCosts {
  way: string;
  tokensPerSecond: number;
  ratio: number;
  least: number;
  greatest: number;
}

const middle = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

const bench = {
  /** Codes of Storyworld items under the bundled model's first dictionary, each way in turn, round after round. */
  async ways(
    items: number,
    passes: readonly number[],
    rounds: number,
  ): Promise<{ rows: number; costs: PackCosts[] }> {
    using gpu = await Gpu.acquire({ largestTensorBytes: 2 ** 27 });
    using model = await bundledModel(gpu);
    using dictionary = await bundledDictionary(gpu, 'blocks.2.hook_resid_pre');
    const tokenizer = await bundledTokenizer();
    const sequences = Array.from({ length: items }, (_, item) =>
      Uint32Array.from([
        0,
        ...tokenizer
          .tokenize(generate(20, item).text)
          .tokens.slice(0, 255)
          .map(({ id }) => id),
      ]),
    );
    const rows = sequences.reduce((sum, { length }) => sum + length, 0);
    const ways: [string, () => Promise<unknown>][] = [
      [
        'one text a pass and a submission',
        async () => {
          for (const ids of sequences) await encodeSequences(model, dictionary, [ids]);
        },
      ],
      [
        'one text a pass, one submission',
        () => encodeSequences(model, dictionary, sequences, { mostRows: 1 }),
      ],
      ...passes.map((mostRows): [string, () => Promise<unknown>] => [
        `passes of at most ${mostRows} rows, one submission`,
        () => encodeSequences(model, dictionary, sequences, { mostRows }),
      ]),
    ];
    const times = ways.map((): number[] => []);
    for (const [, run] of ways) await run();
    for (let round = 0; round < rounds; round++)
      for (const [i, [, run]] of ways.entries()) {
        const start = performance.now();
        await run();
        times[i]!.push(performance.now() - start);
      }
    const costs = ways.map(([way], i) => {
      const ratios = times[i]!.map((time, round) => times[0]![round]! / time);
      return {
        way,
        tokensPerSecond: (1000 * rows) / middle(times[i]!),
        ratio: middle(ratios),
        least: Math.min(...ratios),
        greatest: Math.max(...ratios),
      };
    });
    return { rows, costs };
  },
};

export type PackBench = typeof bench;
expose(bench);
