import { bundledEngine } from '../../testing/bundled-engine.ts';
import { codeOf } from '../../testing/bundled-session.ts';
import { gpuCases } from '../../testing/cases.ts';
import { expectClose, expectEqual } from '../../testing/close.ts';
import { generate } from '../../storyworld/index.ts';
import type { Analysis, Progress, TextSearch, TextSearchRequest } from '../protocol.ts';

const nothing = (): void => {};
const TEXT = generate(3, 1).text;
const OTHER = generate(3, 2).text;
let ticket = 100;

const byText = async (request: TextSearchRequest): Promise<TextSearch> =>
  (await bundledEngine()).search.byText(request, ++ticket);
const analyze = async (text: string): Promise<Analysis> =>
  (await bundledEngine()).analyze({ text, windowStart: 0, honesty: false }, ++ticket);

/** Sum, largest value and tokens of a feature over the rows of an analysis, row 0 left out. */
function sums({ codes }: Analysis, feature: number): [number, number, number] {
  const values = [];
  for (let e = codes.offsets[1]!; e < codes.indices.length; e++)
    if (codes.indices[e] === feature) values.push(codes.values[e]!);
  return [values.reduce((sum, value) => sum + value, 0), Math.max(0, ...values), values.length];
}

export const cases = gpuCases('searching the bundled dictionary', {
  'features of a text have the sums, largest values and counts of its analysis': async () => {
    const [analysis, other] = [await analyze(TEXT), await analyze(OTHER)];
    const found = await byText({ text: TEXT, against: OTHER, rank: 'contrast', most: 100_000 });
    const firing = new Set(
      [analysis, other].flatMap(({ codes }) => [...codes.indices.subarray(codes.offsets[1])]),
    );
    expectEqual([found.found.length, found.firing], [firing.size, firing.size], 'features');
    expectEqual([found.text.counted], [analysis.windowTokens], 'tokens counted');
    for (const row of found.found) {
      expectClose([row.total, row.max, row.tokens], sums(analysis, row.feature), { relative: 1e-5 });
      expectClose([row.againstTotal, row.againstMax, row.againstTokens], sums(other, row.feature), {
        relative: 1e-5,
      });
      const score = row.total / analysis.windowTokens - row.againstTotal / other.windowTokens;
      expectClose([row.score], [score], { absolute: 1e-5 }, 'contrast');
    }
    expectEqual(
      found.text.codes.indices,
      analysis.codes.indices.subarray(analysis.codes.offsets[1]),
      'codes',
    );
    expectEqual(
      found.text.tokens.map(({ id }) => id),
      analysis.tokens.slice(analysis.prefix).map(({ id }) => id),
    );
  },
  'a text longer than the context is read in windows': async () => {
    const engine = await bundledEngine();
    const long = Array.from({ length: 12 }, (_, i) => generate(4, i).text).join(' ');
    const found = await byText({ text: long, rank: 'max', most: 10 });
    const { totalTokens, windowTokens } = await analyze(long);
    if (!(totalTokens > windowTokens)) throw new Error('the text is too short to show anything');
    expectEqual([found.text.counted, found.text.tokens.length], [totalTokens, totalTokens]);
    const second = await engine.analyze({ text: long, windowStart: windowTokens, honesty: false }, ++ticket);
    const { offsets, indices } = found.text.codes;
    const begin = offsets[windowTokens]!;
    expectEqual([second.windowStart], [windowTokens]);
    expectEqual(
      indices.subarray(begin, begin + second.codes.indices.length - second.codes.offsets[1]!),
      second.codes.indices.subarray(second.codes.offsets[1]),
      'codes of the second window',
    );
  },
  'the logits of a token are those of the cards, on the residual stream and on heads': async () => {
    const engine = await bundledEngine();
    const before = (await engine.diagnostics()).dictionary!;
    for (const dictionary of [before, 'blocks.1.attn.hook_z']) {
      await engine.useDictionary(dictionary, ++ticket, nothing);
      let checked = 0;
      for (const feature of [0, 5, 77, 300, 1023]) {
        const card = await engine.feature(feature, ++ticket);
        for (const effect of [card.promoted[0]!, card.suppressed[0]!]) {
          const { tokens } = await engine.tokenize({ text: effect.text, windowStart: 0 });
          if (tokens.length !== 1 || tokens[0]!.id !== effect.id) continue;
          const request = { token: effect.text, order: 'promoted', most: 100_000 } as const;
          const { token, found } = await engine.search.byToken(request, ++ticket);
          expectEqual([token.id], [effect.id]);
          const own = found.find((row) => row.feature === feature)!;
          expectClose([own.logit], [effect.logit], { absolute: 1e-4 }, `${dictionary} ${feature}`);
          checked += 1;
        }
      }
      if (checked < 5) throw new Error(`only ${checked} tokens could be checked`);
      const asked = { token: ' house', most: 100_000 };
      const up = await engine.search.byToken({ ...asked, order: 'promoted' }, ++ticket);
      const down = await engine.search.byToken({ ...asked, order: 'suppressed' }, ++ticket);
      const logits = up.found.map(({ logit }) => logit);
      expectEqual(
        logits,
        logits.toSorted((x, y) => y - x),
        'largest first',
      );
      expectEqual(
        down.found.map(({ logit }) => logit),
        logits.toReversed(),
        'smallest first',
      );
    }
    await engine.useDictionary(before, ++ticket, nothing);
  },
  'a dictionary matched with itself is the identity, and its latents fire with themselves': async () => {
    const engine = await bundledEngine();
    const { dictionary } = await engine.diagnostics();
    const seen: Progress[] = [];
    const corpus = { kind: 'storyworld' as const, seed: 5, items: 12 };
    const found = await engine.search.match({ other: dictionary!, corpus, items: 6 }, ++ticket, (progress) =>
      seen.push(progress),
    );
    const same = Array.from({ length: found.latents }, (_, i) => i);
    expectClose(found.cosine, new Float32Array(found.latents).fill(1), { absolute: 1e-5 });
    expectEqual(found.nearest, same, 'nearest');
    expectEqual(found.backNearest, same, 'the other way');
    const firing = found.firing!;
    expectEqual([firing.items], [6]);
    same.forEach((i) => {
      if (firing.count[i] === 0) expectEqual([firing.partner[i]!, firing.jaccard[i]!], [0xffffffff, 0]);
      else expectEqual([firing.jaccard[i]!, firing.together[i]!], [1, firing.count[i]!]);
    });
    expectEqual([seen.at(-1)!.done], [6]);
  },
  'latents of two layers are matched; those of different spaces are refused by name': async () => {
    const engine = await bundledEngine();
    const found = await engine.search.match({ other: 'blocks.3.hook_resid_post' }, ++ticket, nothing);
    const { hook } = await engine.feature(0, ++ticket);
    if (hook !== 'blocks.2.hook_resid_pre' || found.firing) throw new Error(hook);
    // Of the same files in f64, by PyTorch.
    expectEqual(found.nearest.subarray(0, 8), [809, 860, 2040, 1853, 680, 1271, 145, 417], 'nearest');
    expectEqual(found.backNearest.subarray(0, 8), [197, 575, 1987, 888, 410, 1541, 1004, 602], 'back');
    const first = [0.3327, 0.2437, 0.2849, 0.3546, 0.3408, 0.3221, 0.353, 0.333];
    expectClose(found.cosine.subarray(0, 8), first, { absolute: 6e-5 }, 'cosine');
    expectEqual([found.cosine.filter((value) => value > 0.7).length], [14], 'above 0.7');
    const mean = (values: Float32Array): number =>
      values.reduce((sum, value) => sum + value, 0) / values.length;
    expectClose([mean(found.cosine), mean(found.backCosine)], [0.3681, 0.3445], { absolute: 6e-5 }, 'mean');
    for (let i = 0; i < found.latents; i += 97) {
      const back = found.backCosine[found.nearest[i]!]!;
      if (!(back >= found.cosine[i]! - 1e-5)) throw new Error(`${i}: ${back} < ${found.cosine[i]}`);
    }
    try {
      await engine.search.match({ other: 'blocks.1.attn.hook_z' }, ++ticket, nothing);
      throw new Error('accepted');
    } catch (thrown) {
      if (!/hook_resid_pre.*hook_z/.test(String(thrown))) throw thrown;
    }
  },
  'tokens on which two features fire and a third does not are those of every text’s analysis': async () => {
    const engine = await bundledEngine();
    const corpus = { kind: 'storyworld' as const, seed: 6, items: 8 };
    const { tokens } = await engine.scan.run({ corpus }, ++ticket, nothing, nothing);
    const texts = Array.from({ length: corpus.items }, (_, i) => generate(corpus.seed, i).text);
    const analyses: Analysis[] = [];
    for (const text of texts) analyses.push(await analyze(text));
    const fires = ({ codes }: Analysis, row: number, feature: number): number => {
      for (let e = codes.offsets[row]!; e < codes.offsets[row + 1]!; e++)
        if (codes.indices[e] === feature) return codes.values[e]!;
      return 0;
    };
    const [first] = analyses;
    const all = [...first!.codes.indices.subarray(first!.codes.offsets[9], first!.codes.offsets[9]! + 2)];
    const places = analyses.flatMap((analysis, item) =>
      Array.from({ length: analysis.windowTokens }, (_, i) => ({
        item,
        token: i,
        row: i + analysis.prefix,
      })).filter(({ row }) => row > 0 && all.every((feature) => fires(analysis, row, feature) > 0)),
    );
    const none = [...first!.codes.indices.subarray(first!.codes.offsets[9])]
      .filter((feature) => !all.includes(feature))
      .slice(-1);
    const without = places.filter(({ item, row }) => fires(analyses[item]!, row, none[0]!) === 0);
    if (places.length < 2 || without.length === places.length) throw new Error('shows nothing');
    for (const [excluded, expected] of [
      [[], places],
      [none, without],
    ] as const) {
      const found = await engine.search.together(
        { corpus, within: 'token', all, none: [...excluded], most: 100 },
        ++ticket,
        nothing,
      );
      expectEqual([found.looked, found.fitting], [tokens, expected.length], 'tokens');
      expectEqual([found.examples.length], [Math.min(100, expected.length)], 'examples');
      let last = Infinity;
      for (const example of found.examples) {
        const analysis = analyses[example.item]!;
        all.forEach((feature, i) =>
          expectClose(
            example.all[i]!,
            Float32Array.from({ length: analysis.windowTokens }, (_, t) =>
              fires(analysis, t + analysis.prefix, feature),
            ),
            { relative: 1e-4 },
            `feature ${feature} in item ${example.item}`,
          ),
        );
        const weakest = Math.min(...example.all.map((values) => values[example.at]!));
        if (!(weakest > 0 && weakest <= last + 1e-4)) throw new Error(`${weakest} after ${last}`);
        last = weakest;
      }
    }
    const texts2 = await engine.search.together(
      { corpus, within: 'text', all, none: [], most: 10 },
      ++ticket,
      nothing,
    );
    const both = analyses.filter((analysis) =>
      all.every((feature) => analysis.codes.indices.subarray(analysis.codes.offsets[1]).includes(feature)),
    );
    expectEqual([texts2.looked, texts2.fitting], [corpus.items, both.length], 'texts');
    const unread = { ...corpus, seed: 999 };
    const asked = { corpus: unread, within: 'token' as const, all, none: [], most: 10 };
    expectEqual(
      [Number((await codeOf(engine.search.together(asked, ++ticket, nothing))) === 'not-found')],
      [1],
    );
  },
  'what cannot be searched for is refused, and what takes long is cancelled': async () => {
    const engine = await bundledEngine();
    const { search } = engine;
    const corpus = { kind: 'storyworld' as const, seed: 1, items: 5 };
    const together = { corpus, within: 'token' as const, none: [], most: 5 };
    const calls: Promise<unknown>[] = [
      search.byText({ text: '', rank: 'total', most: 5 }, ++ticket),
      search.byText({ text: 'a', rank: 'total', most: 0 }, ++ticket),
      search.byText({ text: 'a'.repeat(20_001), rank: 'total', most: 5 }, ++ticket),
      search.byText({ text: 'a', rank: 'specificity', most: 5 }, ++ticket),
      search.byText({ text: 'a', rank: 'specificity', rates: new Float32Array(2048), most: 5 }, ++ticket),
      search.byToken({ token: ' the house', order: 'promoted', most: 5 }, ++ticket),
      search.byToken({ token: '', order: 'promoted', most: 5 }, ++ticket),
      search.together({ ...together, all: [] }, ++ticket, nothing),
      search.together({ ...together, all: [2048] }, ++ticket, nothing),
      search.together({ ...together, all: [0, 1, 2, 3, 4, 5, 6, 7, 8] }, ++ticket, nothing),
      search.match({ other: 'blocks.3.hook_resid_post', corpus, items: 0 }, ++ticket, nothing),
    ];
    const codes = await Promise.all(calls.map(codeOf));
    if (codes.some((code) => code !== 'bad-input')) throw new Error(`accepted: ${codes.join()}`);
    const running = search.match(
      { other: 'blocks.3.hook_resid_post', corpus: { ...corpus, items: 5000 }, items: 5000 },
      ++ticket,
      nothing,
    );
    await engine.cancel(ticket);
    expectEqual([Number((await codeOf(running)) === 'cancelled')], [1], 'cancelled');
  },
});
