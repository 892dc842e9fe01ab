import { expose } from 'comlink';
import { Engine } from '../src/engine/engine.ts';
import type { AttentionTimes } from '../src/engine/protocol.ts';
import { generate } from '../src/storyworld/index.ts';

/** What a pattern cost, averaged over texts. */
export interface Cost {
  pattern: string;
  /** Share of blocks asked for, and really visited. */
  budget: number;
  visited: number;
  recall: number;
  /** Rise of the loss, and KL(dense ‖ sparse), nats a token. */
  rise: number;
  kl: number;
}

const silent = (): void => {};
let ticket = 0;

async function open(): Promise<Engine> {
  const engine = new Engine();
  await engine.connect(`${self.location.origin}/`, (trouble) => {
    throw new Error(trouble.message);
  });
  await engine.open({ model: '' }, ++ticket, silent);
  return engine;
}

/** Storyworld items one after the other, more than a context of them; item numbers no text shares. */
const longText = (which: number): string =>
  Array.from({ length: 24 }, (_, i) => generate(20, 100 * which + i).text).join('\n');

const mean = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

const bench = {
  /** Every head of the bundled model under each pattern. */
  async costs(
    budgets: number[],
    texts: number,
    blockSize: number,
  ): Promise<{ dense: number; tokens: number; costs: Cost[] }> {
    const engine = await open();
    const costs: Cost[] = [];
    let [dense, tokens] = [0, 0];
    for (const { id, sizedBy } of await engine.heads.patterns()) {
      if (sizedBy === undefined) continue;
      for (const budget of budgets) {
        const cost = { pattern: id, budget, visited: 0, recall: 0, rise: 0, kl: 0 };
        [dense, tokens] = [0, 0];
        for (let which = 0; which < texts; which++) {
          const assignments = [{ layer: null, heads: null, choice: { pattern: id, budget } }];
          const request = { text: longText(which), windowStart: 0, assignments, blockSize };
          const found = await engine.heads.sparsify(request, ++ticket, silent);
          dense += found.ceDense / texts;
          tokens += found.rows;
          cost.visited += found.visited / texts;
          cost.recall += mean(found.heads.map(({ recall }) => recall)) / texts;
          cost.rise += (found.ceSparse - found.ceDense) / texts;
          cost.kl += mean(found.kl) / texts;
        }
        costs.push(cost);
      }
    }
    return { dense, tokens, costs };
  },
  async times(lengths: number[], densities: number[], rounds: number): Promise<AttentionTimes> {
    const engine = await open();
    return engine.heads.attentionTimes({ lengths, densities, rounds }, ++ticket, silent);
  },
};

export type SparseBench = typeof bench;
expose(bench);
