import { Gpu } from '../gpu/gpu.ts';
import { withBundledSession } from '../testing/bundled-session.ts';
import { bundledDictionary } from '../testing/bundled.ts';
import { gpuCases } from '../testing/cases.ts';
import { watchMemory } from '../testing/live-set.ts';
import { analyzePrompt } from './prompt.ts';

/** Of what is needed at once. */
const MOST = 1.2;

export const cases = gpuCases('memory', {
  'a reading holds hardly more than is needed at once and what it read back, and little of the texts before it':
    async () => {
      using gpu = await Gpu.acquire({ largestTensorBytes: 1 << 27 });
      await withBundledSession(gpu, async ({ opened: { model, tokenizer } }) => {
        const dictionary = await bundledDictionary(gpu, 'blocks.2.hook_resid_pre');
        const batches = watchMemory(gpu);
        const { tokens } = tokenizer.tokenize(' red lamp seven garden stone'.repeat(60));
        for (const length of [24, 100, 250]) {
          for (const [predictions, honesty] of [
            [true, true],
            [true, false],
            [false, false],
          ] as const) {
            const ids = Uint32Array.from(tokens.slice(0, length), ({ id }) => id);
            gpu.trim();
            gpu.resetPeak();
            const before = gpu.allocatedBytes;
            const options = { nextTokens: 12, predictions, honesty, logits: 'none', captures: [] } as const;
            await analyzePrompt(model, dictionary, ids, options);
            const { live, held, read } = batches.at(-1)!;
            const taken = gpu.peakBytes - before;
            if (held > MOST * live || taken > MOST * (live + read))
              throw new Error(
                `${length} tokens, ${JSON.stringify(options)}: ${live} needed at once, ${read} read; ${held} held, ${taken} taken`,
              );
          }
        }
        dictionary.dispose();

        // As while somebody types.
        const read = async (length: number): Promise<void> => {
          const ids = Uint32Array.from(tokens.slice(0, length), ({ id }) => id);
          const options = { nextTokens: 12, honesty: false, logits: 'none', captures: [] } as const;
          await analyzePrompt(model, undefined, ids, options);
        };
        gpu.trim();
        const before = gpu.allocatedBytes;
        await read(250);
        const alone = gpu.allocatedBytes - before;
        gpu.trim();
        for (let length = 16; length < 250; length += 13) await read(length);
        await read(250);
        const typed = gpu.allocatedBytes - before;
        if (typed > 4 * alone) throw new Error(`${typed} bytes after typing, ${alone} for the text alone`);
      });
    },
});
