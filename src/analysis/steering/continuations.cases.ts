import { bundledModel } from '../../testing/bundled.ts';
import { gpuCases } from '../../testing/cases.ts';
import { expectEqual } from '../../testing/close.ts';
import { type Beginning, continueTexts } from './continuations.ts';
import { chooseAt, drawOf, nextDistribution } from './sampling.ts';
import type { Steering } from './steering.ts';

const sampling = { temperature: 1, topK: 0, topP: 1, repetitionPenalty: 1 };
const beginning = (seed: number, ids: readonly number[], steering?: Steering): Beginning => ({
  ids: Uint32Array.from(ids),
  special: ids.map((id) => id === 0),
  steering,
  choose: (logits, before, step) =>
    chooseAt(nextDistribution(logits, sampling, before, 3_072), drawOf(seed, step)),
});
const options = {
  tokens: 6,
  ends: new Set<number>(),
  isSpecial: (id: number) => id === 0,
  turn: <Result>(work: () => Promise<Result>) => work(),
};

export const cases = gpuCases('continuations', {
  'side by side are those of each text alone, and end where they should': async (gpu) => {
    using model = await bundledModel(gpu);
    const texts = [beginning(1, [0, 500, 600]), beginning(2, [0, 700]), beginning(2, [0, 500, 600])];
    let made = 0;
    const together = await continueTexts(model, texts, { ...options, onTokens: (count) => (made += count) });
    expectEqual([made, ...together.map(({ promptRows }) => promptRows)], [18, 3, 2, 3], 'rows');
    for (const [i, text] of texts.entries()) {
      const [alone] = await continueTexts(model, [text], options);
      expectEqual(together[i]!.ids, alone!.ids, `text ${i}`);
      expectEqual(alone!.ids.slice(0, text.ids.length), text.ids, 'prompt');
    }
    const first = together[0]!.ids;
    const ends = new Set([first[5]!]);
    const [cut, whole] = await continueTexts(model, texts.slice(0, 2), { ...options, ends });
    expectEqual(cut!.ids, first.slice(0, first.indexOf(first[5]!, 3) + 1), 'ended');
    if (!together[1]!.ids.slice(2).some((id) => ends.has(id)))
      expectEqual(whole!.ids, together[1]!.ids, 'the other goes on');
  },
  'a pass with too little room is recorded anew, on the rows there were before': async (gpu) => {
    using model = await bundledModel(gpu);
    const asked: (readonly number[])[] = [];
    let settled = 0;
    const steering: Steering = {
      firstLayer: 0,
      atEmbedding: false,
      edits({ rows, promptRows }) {
        asked.push(rows);
        expectEqual([promptRows], [3], 'rows of the prompt');
        return { edits: new Map(), reads: () => [], settle: () => settled++ % 2 === 1 };
      },
      [Symbol.dispose]: () => {},
    };
    const ids = [0, 500, 600];
    const [steered] = await continueTexts(model, [beginning(1, ids, steering)], { ...options, tokens: 3 });
    const [plain] = await continueTexts(model, [beginning(1, ids)], { ...options, tokens: 3 });
    expectEqual(steered!.ids, plain!.ids, 'ids');
    expectEqual(asked.flat(), [0, 1, 2, 0, 1, 2, 3, 3, 4, 4], 'rows asked for');
  },
});
