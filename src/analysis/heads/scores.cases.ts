import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import type { Gpu } from '../../gpu/gpu.ts';
import { MASKED_SCORE } from '../../gpu/kernels/attention_pattern.ts';
import type { ModelTokenizer, Token } from '../../model/tokenizer.ts';
import { gpuCases } from '../../testing/cases.ts';
import { expectClose, expectEqual } from '../../testing/close.ts';
import { TestRandom } from '../../testing/random.ts';
import {
  headColumns,
  times,
  TINY,
  tinyCircuits,
  type TinyModel,
  tinyModel,
  toLogits,
} from '../../testing/tiny-heads.ts';
import { FacetError } from '../../shared/errors.ts';
import type { Labels } from '../../storyworld/index.ts';
import { scoreText } from './attention-scores.ts';
import { circuitPairs } from './circuits.ts';
import { copyingScore, ovEntries } from './copying.ts';
import type { CorpusText } from './corpus.ts';
import { type HeadReader, unembeddingMean } from './head-matrices.ts';
import { Pace } from './pace.ts';
import { readPatternOf, type Weighting } from './pattern.ts';
import { headScores } from './scores/index.ts';
import type { AttentionScore } from './scores/score.ts';

const turn: HeadReader['turn'] = (work) => work();
// Nothing here asks a tiny model's tokenizer, which it has not.
const readerOf = ({ model }: TinyModel): HeadReader => ({ model, tokenizer: {} as ModelTokenizer, turn });

const SHOWN = [' a', ',', ' (', '."', ' b', '…', 'é', '’'];

/** Few different tokens, so that many repeat; a name in row 3 that is the answer in row 9. */
function randomText(rows: number): CorpusText {
  const random = new TestRandom(rows);
  const ids = Uint32Array.from({ length: rows }, (_, t) => (t === 0 ? 60 : random.integer(8)));
  if (rows > 9) ids[9] = ids[3]!;
  const tokens = Array.from(ids, (id): Token => ({
    id, text: SHOWN[id] ?? '<s>', start: 0, end: 0, part: 0, ofParts: 1, special: id === 60,
  })); // oxfmt-ignore
  const roles: Record<number, string> = { 3: 'IO', 5: 'S1', 9: 'IO-answer' };
  const labels = Array.from(ids, (_, t): Labels => (roles[t] ? { role: roles[t] } : {}));
  return { group: 'random', ids, tokens, prefix: 1, labels };
}

/** What is summed over keys, and over which rows, stated a second time and without the registry. */
type Plain = (
  own: { a: (t: number, s: number) => number; rise: (t: number, s: number) => number; ids: Uint32Array },
  t: number,
) => number | undefined;

const over = (t: number, term: (s: number) => number | undefined): number | undefined => {
  let [sum, any] = [0, false];
  for (let s = 0; s <= t; s++) {
    const value = term(s);
    if (value === undefined) continue;
    sum += value;
    any = true;
  }
  return any ? sum : undefined;
};

const PLAIN: Record<string, Plain> = {
  previous: ({ a }, t) => a(t, t - 1),
  first: ({ a }, t) => (t >= 2 ? a(t, 0) : undefined),
  current: ({ a }, t) => a(t, t),
  duplicate: ({ a, ids }, t) => over(t, (s) => (s !== t && ids[s] === ids[t] ? a(t, s) : undefined)),
  induction: ({ a, ids }, t) => over(t - 2, (s) => (ids[s] === ids[t] ? a(t, s + 1) : undefined)),
  'induction-corpus': (own, t) => PLAIN.induction!(own, t),
  'copying-corpus': ({ a, rise }, t) => over(t, (s) => (s >= 1 ? a(t, s) * rise(t, s) : undefined)),
  'name-mover': ({ a, rise }, t) => (t === 8 ? a(t, 3) * rise(t, 3) : undefined),
  local: ({ a }, t) => over(t, (s) => (t - s < 9 ? a(t, s) : undefined)),
  'long-range': () => undefined, // shorter texts than that
  distance: ({ a }, t) => over(t, (s) => a(t, s) * (t - s)),
  entropy: ({ a }, t) => over(t, (s) => (a(t, s) > 0 ? -a(t, s) * Math.log2(a(t, s)) : 0)),
  punctuation: ({ a, ids }, t) => over(t, (s) => (ids[s] === 1 || ids[s] === 5 ? a(t, s) : undefined)),
  brackets: ({ a, ids }, t) => over(t, (s) => ([2, 3, 7].includes(ids[s]!) ? a(t, s) : undefined)),
};

async function capture(
  { model }: TinyModel,
  ids: Uint32Array<ArrayBuffer>,
  hooks: string[],
): Promise<Float32Array[]> {
  const batch = model.gpu.batch('whole');
  const run = model.record(batch, { ids, captures: hooks });
  const { arrays } = await batch.submit(hooks.map((hook) => run.captures.get(hook)!));
  return arrays as Float32Array[];
}

/** [T, T]: what attending to s adds to the logit of token s, at row t. */
async function plainRise(
  tiny: TinyModel,
  text: CorpusText,
  layer: number,
  head: number,
): Promise<Float64Array> {
  const { nHeads, nKvHeads, dHead, dModel, dVocab, sandwich } = tiny.model.config;
  const hooks = [`blocks.${layer}.attn.hook_v`, 'ln_final.hook_scale'];
  const [v, final, post] = await capture(tiny, text.ids, [
    ...hooks,
    ...(sandwich ? [`blocks.${layer}.ln1_post.hook_scale`] : []),
  ]);
  const own = headColumns(v!, nKvHeads * dHead, Math.floor((head * nKvHeads) / nHeads), dHead);
  const o = tiny.weights.layers[layer]!.o.subarray(head * dHead * dModel, (head + 1) * dHead * dModel);
  const logits = toLogits(tiny, layer, times(own, o, dHead));
  const rows = text.ids.length;
  return Float64Array.from({ length: rows * rows }, (_, i) => {
    const [t, s] = [Math.floor(i / rows), i % rows];
    return logits[s * dVocab + text.ids[s]!]! / final![t]! / (post?.[t] ?? 1);
  });
}

async function checkScores(tiny: TinyModel, rows: number, pace: Pace): Promise<void> {
  const { nLayers, nHeads } = tiny.model.config;
  const text = randomText(rows);
  const scores = headScores.filter((score): score is AttentionScore => score.kind === 'attention');
  expectEqual([scores.length], [Object.keys(PLAIN).length], 'scores checked');
  const mean = await unembeddingMean(readerOf(tiny));
  const found = await scoreText(readerOf(tiny), text, scores, { pace, mean });
  for (let layer = 0; layer < nLayers; layer++) {
    const [pattern] = await capture(tiny, text.ids, [`blocks.${layer}.attn.hook_pattern`]);
    for (let head = 0; head < nHeads; head++) {
      const rises = await plainRise(tiny, text, layer, head);
      const own = {
        a: (t: number, s: number) => pattern![(head * rows + t) * rows + s]!,
        rise: (t: number, s: number) => rises[t * rows + s]!,
        ids: text.ids,
      };
      scores.forEach(({ info }, i) => {
        const values = Array.from({ length: rows - 1 }, (_, t) => PLAIN[info.id]!(own, t + 1)).filter(
          (value) => value !== undefined,
        );
        const what = `${info.id} of ${layer}.${head}, ${rows} rows`;
        expectEqual([found[i]!.rows], [values.length], `rows of ${what}`);
        const sum = values.reduce((total, value) => total + value, 0);
        expectClose(
          [found[i]!.sums[layer * nHeads + head]!],
          [sum],
          { absolute: 2e-4, relative: 1e-4 },
          what,
        );
      });
    }
  }
}

async function checkPattern(tiny: TinyModel, layer: number, weighting: Weighting): Promise<void> {
  const { nHeads, nKvHeads, dHead, dModel } = tiny.model.config;
  const { ids } = randomText(13);
  const at = `blocks.${layer}.attn`;
  const [pattern, scores, v] = await capture(tiny, ids, [
    `${at}.hook_pattern`,
    `${at}.hook_attn_scores`,
    `${at}.hook_v`,
  ]);
  const expected = Array.from({ length: nHeads }, (_, head) => {
    const shared = Math.floor((head * nKvHeads) / nHeads);
    const o = tiny.weights.layers[layer]!.o.subarray(head * dHead * dModel, (head + 1) * dHead * dModel);
    const written = times(headColumns(v!, nKvHeads * dHead, shared, dHead), o, dHead);
    const all = (weighting === 'scores' ? scores! : pattern!).subarray(head * 169, (head + 1) * 169);
    const norm = (s: number): number => Math.hypot(...written.subarray(s * dModel, (s + 1) * dModel));
    return Float64Array.from(all, (value, i) => (weighting === 'value' ? value * norm(i % 13) : value));
  });
  const open = (values: ArrayLike<number>): number[] =>
    Array.from(values, (value) => (value <= MASKED_SCORE / 2 ? -1e6 : value));
  for (const [head, own] of expected.entries())
    expectClose(
      open(await readPatternOf(tiny.model, ids, { layer, head, weighting })),
      open(own),
      { relative: 1e-5, absolute: 1e-6 },
      `${weighting} of ${head}`,
    );
  const mean = expected[0]!.map((_, i) => expected.reduce((sum, own) => sum + own[i]!, 0) / nHeads);
  const found = await readPatternOf(tiny.model, ids, { layer, head: null, weighting });
  expectClose(open(found), open(mean), { relative: 1e-5, absolute: 1e-6 }, `mean ${weighting}`);
}

async function checkCircuits(tiny: TinyModel, layer: number, head: number): Promise<void> {
  const { dVocab } = tiny.model.config;
  const { qk, ov } = tinyCircuits(tiny, layer, head);
  const found = await circuitPairs(readerOf(tiny), { layer, head }, { pairs: 9 }, () => {});
  for (const [kind, entries] of [
    ['qk', qk],
    ['ov', ov],
  ] as const) {
    const best = Array.from(entries)
      .sort((a, b) => b - a)
      .slice(0, 9);
    const what = `${kind} of ${layer}.${head}`;
    expectClose(
      found[kind].map(({ value }) => value),
      best,
      { relative: 1e-5 },
      what,
    );
    const places = found[kind].map(({ from, to }) => entries[from * dVocab + to]!);
    expectClose(places, best, { relative: 1e-5 }, `places of ${what}`);
  }
  const { realEigenvalues: re, imaginaryEigenvalues: im } = new EigenvalueDecomposition(
    new Matrix(
      Array.from({ length: dVocab }, (_, i) => Array.from(ov.subarray(i * dVocab, (i + 1) * dVocab))),
    ),
  );
  const size = re.reduce((sum, value, i) => sum + Math.hypot(value, im[i]!), 0);
  const expected = re.reduce((sum, value) => sum + value, 0) / size;
  expectClose(
    [await copyingScore(readerOf(tiny), { layer, head })],
    [expected],
    { absolute: 1e-4 },
    'copying',
  );
  const ids = Uint32Array.of(5, 0, 60);
  const some = Array.from({ length: 9 }, (_, i) => ov[ids[Math.floor(i / 3)]! * dVocab + ids[i % 3]!]!);
  expectClose(await ovEntries(readerOf(tiny), { layer, head }, ids), some, { relative: 1e-4 }, 'entries');
}

const each = async (gpu: Gpu, check: (tiny: TinyModel) => Promise<void>): Promise<void> => {
  for (const name of TINY) {
    const tiny = await tinyModel(gpu, name);
    using model = tiny.model;
    if (model.config.nHeads > 0) await check(tiny);
  }
};

export const cases = gpuCases('head scores', {
  'each is what the whole pattern says: 1, 2 and 25 tokens; grouped heads, windows, sandwich norms': (gpu) =>
    each(gpu, async (tiny) => {
      for (const rows of [1, 2, 25]) await checkScores(tiny, rows, new Pace(3));
    }),
  'all layers in one turn give the same': async (gpu) => {
    const tiny = await tinyModel(gpu, 'gpt2');
    using model = tiny.model;
    const pace = new Pace();
    pace.took(1, 1);
    if (pace.size < model.config.nLayers) throw new Error('one turn does not hold all layers');
    await checkScores(tiny, 17, pace);
  },
  'a pattern as it is, by what is written, and its scores; one head and the mean': (gpu) =>
    each(gpu, async (tiny) => {
      for (const weighting of ['attention', 'value', 'scores'] as const)
        for (const layer of [0, 1]) await checkPattern(tiny, layer, weighting);
    }),
  'a head or layer that is not there is refused': async (gpu) => {
    const { model } = await tinyModel(gpu, 'gpt2');
    using _ = model;
    for (const [layer, head] of [
      [2, 0],
      [0, 3],
      [-1, 0],
      [0.5, 0],
      [0, NaN],
    ] as const) {
      const thrown: unknown = await readPatternOf(model, Uint32Array.of(1), {
        layer,
        head,
        weighting: 'value',
      }).catch((caught: unknown) => caught);
      if (!(thrown instanceof FacetError) || thrown.code !== 'bad-input') throw new Error(`${layer}.${head}`);
    }
  },
  'QK and OV pairs and copying are those of the full circuits': (gpu) =>
    each(gpu, async (tiny) => {
      await checkCircuits(tiny, 0, 1);
      await checkCircuits(tiny, 1, 2);
    }),
});
