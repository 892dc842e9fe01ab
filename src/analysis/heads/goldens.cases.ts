import { gpuCases } from '../../testing/cases.ts';
import { expectClose, expectEqual } from '../../testing/close.ts';
import { bundledModel } from '../../testing/bundled.ts';
import { type GoldenArray, goldenValues } from '../../testing/golden.ts';
import type { Gpu } from '../../gpu/gpu.ts';
import type { ModelTokenizer, Token } from '../../model/tokenizer.ts';
import type { Transformer } from '../../model/transformer.ts';
import { ablateEach, ablateTogether, FIRST_ROW, meanZ, readClean } from './ablation.ts';
import { scoreText } from './attention-scores.ts';
import { circuitPairs } from './circuits.ts';
import { copyingScore } from './copying.ts';
import type { CorpusText } from './corpus.ts';
import golden from './goldens/storyworld-2m.json';
import { type HeadReader, unembeddingMean } from './head-matrices.ts';
import { Pace } from './pace.ts';
import { readPatternOf, type Weighting } from './pattern.ts';
import { headScores } from './scores/index.ts';
import type { AttentionScore } from './scores/score.ts';

let loaded: Promise<Transformer> | undefined;

async function bundled(gpu: Gpu): Promise<HeadReader> {
  loaded ??= bundledModel(gpu);
  return { model: await loaded, tokenizer: {} as ModelTokenizer, turn: (work) => work() };
}

function textOf(ids: readonly number[]): CorpusText {
  const tokens = ids.map((id): Token => ({
    id, text: '', start: 0, end: 0, part: 0, ofParts: 1, special: false,
  })); // oxfmt-ignore
  return { group: 'text', ids: Uint32Array.from(ids), tokens, prefix: 1 };
}

async function scoreOf(reader: HeadReader, ids: readonly number[], id: string): Promise<Float64Array> {
  const score = headScores.find(({ info }) => info.id === id) as AttentionScore;
  const mean = await unembeddingMean(reader);
  const [found] = await scoreText(reader, textOf(ids), [score], { pace: new Pace(), mean });
  return found!.sums.map((sum) => sum / found!.rows);
}

const short = Uint32Array.from(golden.texts[0]!);

export const cases = gpuCases('heads as transformer-lens has them', {
  'patterns, by what is written, and scores': async (gpu) => {
    const { model } = await bundled(gpu);
    for (const { layer, head, ...expected } of golden.patterns)
      for (const [weighting, values] of Object.entries(expected) as [Weighting, GoldenArray][]) {
        const found = await readPatternOf(model, short, { layer, head, weighting });
        const open = (all: ArrayLike<number>): number[] =>
          Array.from(all, (value) => (value < -1e30 ? 0 : value));
        expectClose(
          open(found),
          open(goldenValues(values)),
          { absolute: 1e-5, relative: 1e-5 },
          `${weighting} of ${layer}.${head}`,
        );
      }
  },
  'induction, previous token, and rise of attended tokens': async (gpu) => {
    const reader = await bundled(gpu);
    // A token of the golden's first half is never beside itself, so its stripe is all there is.
    expectClose(
      await scoreOf(reader, golden.repeated, 'induction'),
      golden.induction,
      { absolute: 1e-5 },
      'induction',
    );
    expectClose(
      await scoreOf(reader, golden.texts[0]!, 'previous'),
      golden.previous,
      { absolute: 1e-5 },
      'previous',
    );
    expectClose(
      await scoreOf(reader, golden.texts[0]!, 'copying-corpus'),
      golden.rise,
      { absolute: 2e-5, relative: 2e-5 },
      'rise',
    );
  },
  'copying score of every head': async (gpu) => {
    const reader = await bundled(gpu);
    const { nLayers, nHeads } = reader.model.config;
    const found: number[] = [];
    for (let layer = 0; layer < nLayers; layer++)
      for (let head = 0; head < nHeads; head++) found.push(await copyingScore(reader, { layer, head }));
    expectClose(found, golden.copying, { absolute: 5e-4 });
  },
  'largest QK and OV pairs': async (gpu) => {
    const reader = await bundled(gpu);
    for (const { layer, head, ...expected } of golden.circuits) {
      const found = await circuitPairs(reader, { layer, head }, { pairs: 12 }, () => {});
      for (const kind of ['qk', 'ov'] as const) {
        const wanted = expected[kind] as [number, number, number][];
        expectClose(
          found[kind].map(({ value }) => value),
          wanted.map(([, , value]) => value),
          { relative: 1e-4 },
          kind,
        );
        expectEqual(
          found[kind].flatMap(({ from, to }) => [from, to]),
          wanted.flatMap(([from, to]) => [from, to]),
          kind,
        );
      }
      expectEqual([found.tokens], [reader.model.config.dVocab]);
    }
  },
  'loss with one head at its mean over both texts': async (gpu) => {
    const reader = await bundled(gpu);
    const texts = golden.texts.map((ids) => Uint32Array.from(ids));
    const clean = [];
    for (const ids of texts) clean.push(await readClean(reader, ids));
    const judged = (losses: Float64Array): Float64Array => losses.subarray(FIRST_ROW);
    const total = (losses: Float64Array): number => judged(losses).reduce((sum, value) => sum + value, 0);
    const tokens = clean.reduce((sum, { losses }) => sum + judged(losses).length, 0);
    const loss = clean.reduce((sum, { losses }) => sum + total(losses), 0) / tokens;
    expectClose([loss], [golden.ablation.loss], { absolute: 1e-4 }, 'loss');
    const heads = golden.ablation.rises.map(({ layer, head }) => ({ layer, head }));
    const risen = heads.map(() => -loss);
    for (const ids of texts)
      await ablateEach(reader, ids, { heads, z: meanZ(clean), pace: new Pace() }, (head, losses) => {
        risen[heads.findIndex((each) => each.layer === head.layer && each.head === head.head)]! +=
          total(losses) / tokens;
      });
    expectClose(
      risen,
      golden.ablation.rises.map(({ rise }) => rise),
      { absolute: 1e-4 },
      'rise',
    );
  },
  'loss and KL with two heads together at their mean over the text, and at zero': async (gpu) => {
    const { model } = await bundled(gpu);
    const heads = golden.patterns.map(({ layer, head }) => ({ layer, head }));
    for (const kind of ['mean', 'zero'] as const) {
      const expected = golden.together[kind];
      const found = await ablateTogether(model, short, { heads, with: kind }, 3);
      expectClose(found.ablated.slice(1), goldenValues(expected.loss), { absolute: 1e-3 }, `loss, ${kind}`);
      expectClose(found.kl, goldenValues(expected.kl), { absolute: 1e-4 }, `KL, ${kind}`);
      if (found.next.probs.some((value, i) => i % 3 > 0 && value > found.next.probs[i - 1]!))
        throw new Error('likely tokens are not in order');
      if (found.loss.slice(1).every((value, t) => value === found.ablated[t + 1]))
        throw new Error('nothing changed');
    }
  },
});
