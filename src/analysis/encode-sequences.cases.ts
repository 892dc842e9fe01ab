import type { SparseCodes } from '../dictionary/codes.ts';
import { generate } from '../storyworld/index.ts';
import { bundledDictionary, bundledModel, bundledTokenizer } from '../testing/bundled.ts';
import { gpuCases } from '../testing/cases.ts';
import { expectClose, expectEqual } from '../testing/close.ts';
import { analyzePrompt } from './prompt.ts';
import { encodeSequences } from './encode-sequences.ts';

/** [T, d_sae] */
function spread({ offsets, indices, values }: SparseCodes, dSae: number): Float32Array {
  const rows = offsets.length - 1;
  const dense = new Float32Array(rows * dSae);
  for (let row = 0; row < rows; row++)
    for (let entry = offsets[row]!; entry < offsets[row + 1]!; entry++)
      dense[row * dSae + indices[entry]!] = values[entry]!;
  return dense;
}

export const cases = gpuCases('encode sequences', {
  'codes are those of reading each text alone, however they are packed; one submission': async (gpu) => {
    using model = await bundledModel(gpu);
    const tokenizer = await bundledTokenizer();
    const sequences = [3, 9, 4, 7].map((item) =>
      Uint32Array.from(
        [{ id: 0 }, ...tokenizer.tokenize(generate(7, item).text).tokens].slice(0, 256),
        ({ id }) => id,
      ),
    );
    sequences.push(Uint32Array.of(0), Uint32Array.of(0, 17));
    for (const hook of ['blocks.2.hook_resid_pre', 'blocks.1.attn.hook_z']) {
      using dictionary = await bundledDictionary(gpu, hook);
      const alone: SparseCodes[] = [];
      for (const ids of sequences) {
        const options = { nextTokens: 1, honesty: false, logits: 'none', captures: [] } as const;
        alone.push((await analyzePrompt(model, dictionary, ids, options)).codes);
      }
      for (const mostRows of [undefined, 200]) {
        const { submissions, readbacks } = { ...gpu.counters };
        const packed = await encodeSequences(model, dictionary, sequences, { mostRows });
        expectEqual(
          [gpu.counters.submissions - submissions, gpu.counters.readbacks - readbacks],
          [1, 1],
          'counters',
        );
        for (const [i, codes] of alone.entries()) {
          expectEqual([...packed[i]!.offsets], [...codes.offsets], `${hook}: features of each token of ${i}`);
          expectClose(
            spread(packed[i]!, dictionary.dSae),
            spread(codes, dictionary.dSae),
            { absolute: 1e-4 },
            `${hook} by ${mostRows}: text ${i}`,
          );
        }
      }
    }
  },
});
