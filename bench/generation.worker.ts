import { expose } from 'comlink';
import { Engine } from '../src/engine/engine.ts';
import type { GenerateRequest } from '../src/engine/protocol.ts';
import { generate } from '../src/storyworld/index.ts';

export interface GenerationCosts {
  promptRows: number;
  tokens: number;
  /** Milliseconds and dispatches a token, median over rounds; what the prompt takes is counted with the first. */
  cachedMs: number;
  uncachedMs: number;
  cachedDispatches: number;
  uncachedDispatches: number;
  /** Tokens per second, cached over uncached: of each round the ratio, and of those the median. */
  ratio: number;
  least: number;
  greatest: number;
  /** Whether both said the same, every time. */
  same: boolean;
}

const silent = (): void => {};
let ticket = 0;

/** Storyworld items one after the other. */
const story = Array.from({ length: 24 }, (_, i) => generate(20, i).text).join('\n');

const middle = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

const bench = {
  /** The bundled model with and without its cache, in turn. @param lengths tokens of the prompt */
  async speeds(lengths: number[], tokens: number, rounds: number): Promise<GenerationCosts[]> {
    const engine = new Engine();
    await engine.connect(`${self.location.origin}/`, (trouble) => {
      throw new Error(trouble.message);
    });
    await engine.open({ model: '', dictionary: null }, ++ticket, silent);
    const sampling = { temperature: 1, topK: 0, topP: 1, repetitionPenalty: 1, seed: 1 };
    const { tokens: split } = await engine.tokenize({ text: story, windowStart: 0 });
    const costs: GenerationCosts[] = [];
    for (const length of lengths) {
      const text = story.slice(0, split[length - 1]!.end);
      const request: GenerateRequest = {
        prompt: { kind: 'text', text },
        interventions: [],
        arm: 'base',
        sampling,
        tokens,
        stop: false,
      };
      const run = async (cached: boolean) => {
        const made = await engine.steer.generate({ ...request, cached }, ++ticket, silent);
        return { ...made, ids: made.tokens.map(({ id }) => id).join() };
      };
      await run(true);
      await run(false);
      type Run = Awaited<ReturnType<typeof run>>;
      const made: { cached: Run; uncached: Run }[] = [];
      for (let round = 0; round < rounds; round++)
        made.push({ cached: await run(true), uncached: await run(false) });
      const ratios = made.map(({ cached, uncached }) => uncached.usage.elapsedMs / cached.usage.elapsedMs);
      const perToken = (of: (one: { cached: Run; uncached: Run }) => number): number =>
        middle(made.map(of)) / tokens;
      costs.push({
        promptRows: made[0]!.cached.promptRows,
        tokens,
        cachedMs: perToken(({ cached }) => cached.usage.elapsedMs),
        uncachedMs: perToken(({ uncached }) => uncached.usage.elapsedMs),
        cachedDispatches: perToken(({ cached }) => cached.usage.dispatches),
        uncachedDispatches: perToken(({ uncached }) => uncached.usage.dispatches),
        ratio: middle(ratios),
        least: Math.min(...ratios),
        greatest: Math.max(...ratios),
        same: made.every(({ cached, uncached }) => cached.ids === uncached.ids),
      });
    }
    return costs;
  },
};

export type GenerationBench = typeof bench;
expose(bench);
