import { analyzePrompt } from '../../analysis/prompt.ts';
import { readWindows } from '../../analysis/scan/examples-read.ts';
import { featureRows, valuesOf } from '../../analysis/scan/near-miss.ts';
import { partnersOf } from '../../analysis/scan/partners.ts';
import type { CorpusReference } from '../../corpus/corpus.ts';
import { type SparseCodes, toSparseCodes } from '../../dictionary/codes.ts';
import type { Gpu } from '../../gpu/gpu.ts';
import { generate } from '../../storyworld/index.ts';
import { labelPairs, labelTokens } from '../../storyworld/token-labels.ts';
import { codeOf, withBundledSession } from '../../testing/bundled-session.ts';
import { gpuCases } from '../../testing/cases.ts';
import { expectClose, expectEqual } from '../../testing/close.ts';
import { PlainDictionary } from '../../testing/plain-dictionary.ts';
import type { ScanExample } from '../scan-protocol.ts';
import type { Session } from '../session.ts';
import { tellAbout } from './about.ts';
import { scanAtHand } from './at-hand.ts';
import { readExamples } from './examples.ts';
import { scanKeeper } from './keeper.ts';
import { readPartners } from './partners.ts';
import { runScan } from './run.ts';
import { readEncoder } from './windows-read.ts';

const SEED = 32;
const ITEMS = 20;
const corpus: CorpusReference = { kind: 'storyworld', seed: SEED, items: ITEMS };
const silent = { onProgress: () => {}, onPartial: () => {} };

/** Rows of a text as `analyze` reads it. */
async function plainly(
  session: Session,
  item: number,
): Promise<{ codes: SparseCodes; prefix: number; rows: number }> {
  const { opened } = session;
  const { ids, prefix } = session.read({ text: generate(SEED, item).text, windowStart: 0 });
  const options = { nextTokens: 1, honesty: false, logits: 'none', captures: [] } as const;
  const { codes } = await analyzePrompt(opened.model, opened.current!.dictionary, ids, options);
  return { codes, prefix, rows: ids.length };
}

const withScan = (
  gpu: Gpu,
  hook: string,
  work: (session: Session, busy: number[]) => Promise<void>,
): Promise<void> =>
  withBundledSession(gpu, async (session) => {
    await session.opened.use(hook, undefined, session.context);
    const { count } = await runScan(session, { corpus, anew: true }, silent);
    const busy = Array.from(count.keys()).sort((a, b) => count[b]! - count[a]!);
    // One that nearly always fires, some that often do, and a rare one.
    const rare = busy.filter((feature) => count[feature]! >= 3).at(-1)!;
    await work(session, [busy[0]!, busy[20]!, busy[60]!, rare]);
    const { facts } = await scanAtHand(session, corpus);
    await (await scanKeeper()).remove(facts.id);
  });

export const cases = gpuCases('examples of a scan', {
  'values of examples are the codes of the same text read by itself, and intervals hold what was counted': (
    gpu,
  ) =>
    withScan(gpu, 'blocks.2.hook_resid_pre', async (session, features) => {
      const texts = new Map<number, Awaited<ReturnType<typeof plainly>>>();
      for (let item = 0; item < ITEMS; item++) texts.set(item, await plainly(session, item));
      for (const feature of features) {
        const found = await readExamples(session, { corpus, feature, nearMisses: 6 });
        const all = [...texts.values()].flatMap(({ codes }) => [...valuesOf(codes, feature).subarray(1)]);
        const firing = all.filter((value) => value > 0);
        for (const { kind, low, high, count, exact, examples } of found.groups) {
          for (const example of examples) expectAsRead(example, texts.get(example.item)!, feature);
          if (kind === 'near-miss') continue;
          const own = firing.filter((value) => value > low && value <= high).length;
          if (exact) expectEqual([count], [own], `${feature}: ${kind} ${low} to ${high}`);
          for (const { value, values, at } of examples) expectEqual([value], [values[at]!], 'at its place');
        }
        const top = found.groups.find(({ kind }) => kind === 'top')!;
        const best = [...texts]
          .map(([item, { codes }]) => ({ item, value: Math.max(...valuesOf(codes, feature).subarray(1)) }))
          .filter(({ value }) => value > 0)
          .sort((a, b) => b.value - a.value);
        expectClose(
          top.examples.map(({ value }) => value),
          best.slice(0, 20).map(({ value }) => value),
          { relative: 1e-4 },
          'top values',
        );
        const near = found.groups.at(-1)!;
        if (near.kind !== 'near-miss' || near.examples.length === 0) throw new Error('no near misses');
        for (const { value, values, at, bar } of near.examples) {
          expectEqual([values[at]!], [0], 'not active');
          if (!(bar! >= value - 1e-4)) throw new Error(`${value} exceeds ${bar} without being active`);
        }
      }
    }),

  'what an activation would be is what it is where it fires, packed or not': (gpu) =>
    withScan(gpu, 'blocks.1.attn.hook_z', async (session, [, feature]) => {
      const { opened } = session;
      const { dictionary } = opened.current!;
      const ids = [3, 4, 5].map(
        (item) => session.read({ text: generate(SEED, item).text, windowStart: 0 }).ids,
      );
      const windows = await readWindows(opened.model, dictionary, ids, (work) => session.turn(work));
      const encoder = await readEncoder(session, dictionary, feature!);
      let seen = 0;
      for (const [i, window] of windows.entries()) {
        const { codes } = await plainly(session, 3 + i);
        const { values, would, bar } = featureRows(dictionary, window, feature!, encoder);
        expectClose(values, valuesOf(codes, feature!), { absolute: 1e-4 }, 'values');
        values.forEach((value, row) => {
          // The bar is the smallest that was kept: of one that fires, at most its own value.
          if (value === 0) return expectOver(bar[row]!, would[row]!);
          seen += 1;
          expectClose([would[row]!], [value], { absolute: 1e-4 }, `row ${row}`);
          if (!(bar[row]! <= value)) throw new Error(`${bar[row]} above ${value}`);
        });
      }
      if (seen < 5) throw new Error(`only ${seen} firings`);
    }),

  'a threshold is the bar of dictionaries that have one, whatever their input is multiplied by': async (
    gpu,
  ) => {
    for (const architecture of ['jumprelu', 'standard'] as const)
      for (const normalization of ['none', 'layer_norm'] as const)
        await expectBars(
          gpu,
          new PlainDictionary({ hook: 'x', dIn: 8, dSae: 24, architecture, normalization }),
        );
  },

  'partners and what a feature is about are those of the tokens read one by one': (gpu) =>
    withScan(gpu, 'blocks.3.hook_resid_post', async (session, features) => {
      const feature = features[1]!;
      const partners = await readPartners(session, { corpus, feature });
      const { state } = await scanAtHand(session, corpus);
      expectEqual([partners.sampled], [state.tokens], 'all tokens are sampled here');
      expectEqual([partners.firing], [state.count[feature]!], 'firings');
      const rows: { register: string; value: number; others: Set<number>; labels: string[] }[] = [];
      for (let item = 0; item < ITEMS; item++) {
        const { codes, prefix } = await plainly(session, item);
        const story = generate(SEED, item);
        const labels = labelTokens(story, session.split(story.text).tokens);
        const values = valuesOf(codes, feature);
        for (let row = 1; row < values.length; row++)
          rows.push({
            register: generate(SEED, item).register,
            value: values[row]!,
            labels: labelPairs(labels[row - prefix]!),
            others: new Set(codes.indices.subarray(codes.offsets[row], codes.offsets[row + 1])),
          });
      }
      if (partners.partners.length === 0) throw new Error('no partners');
      for (const { feature: other, together, firing } of partners.partners) {
        const both = rows.filter(({ value, others }) => value > 0 && others.has(other)).length;
        expectEqual(
          [together, firing],
          [both, rows.filter(({ others }) => others.has(other)).length],
          `${other}`,
        );
      }
      expectEqual([partnersOf(state, feature, 50).partners.length], [partners.partners.length]);
      const about = await tellAbout(session, { corpus, feature });
      expectEqual([about.texts, about.tokens, about.firing], [ITEMS, rows.length, partners.firing], 'about');
      for (const { field, value, share, rate } of about.metadata) {
        const own = rows.filter(({ register }) => register === value);
        if (field !== 'register') throw new Error(field);
        expectClose([rate], [own.length / rows.length], { absolute: 1e-9 }, 'rate');
        expectClose(
          [share],
          [own.filter((row) => row.value > 0).length / about.firing],
          { absolute: 1e-9 },
          'share',
        );
      }
      if (about.labels.length === 0) throw new Error('it tells no label');
      for (const { label, threshold, precision, recall, f1, tokens } of about.labels) {
        const carry = rows.filter(({ labels }) => labels.includes(label));
        const says = rows.filter(({ value }) => value > threshold);
        const hits = says.filter(({ labels }) => labels.includes(label)).length;
        expectEqual([tokens], [carry.length], label);
        const expected = [hits / says.length, hits / carry.length, (2 * hits) / (says.length + carry.length)];
        // Packing rounds otherwise: a value next to the threshold may fall on its other side.
        expectClose([precision, recall, f1], expected, { absolute: 2 / says.length }, label);
      }
      // Asked again, of another feature, over the same tokens.
      const again = await tellAbout(session, { corpus, feature: features[0]! });
      expectEqual([again.tokens, again.firing], [rows.length, state.count[features[0]!]!], 'again');
    }),

  'what is not there is refused by name': (gpu) =>
    withBundledSession(gpu, async (session) => {
      expectCode(await codeOf(readExamples(session, { corpus, feature: 0 })), 'bad-input');
      await session.opened.use('blocks.2.hook_resid_pre', undefined, session.context);
      const nobody: CorpusReference = { kind: 'storyworld', seed: 77, items: 5 };
      expectCode(await codeOf(readExamples(session, { corpus: nobody, feature: 0 })), 'not-found');
      expectCode(await codeOf(readPartners(session, { corpus: nobody, feature: 0 })), 'not-found');
      expectCode(await codeOf(tellAbout(session, { corpus: nobody, feature: 0 })), 'not-found');
      expectCode(await codeOf(readExamples(session, { corpus, feature: 99_999 })), 'bad-input');
      expectCode(await codeOf(readPartners(session, { corpus, feature: -1 })), 'bad-input');
      expectCode(await codeOf(readExamples(session, { corpus, feature: 0, top: 1e9 })), 'bad-input');
    }),
});

function expectCode(found: string, code: string): void {
  if (found !== code) throw new Error(`${found} instead of ${code}`);
}

function expectOver(bar: number, would: number): void {
  if (bar < would - 1e-4) throw new Error(`${would} exceeds ${bar} without being active`);
}

function expectAsRead(
  { item, tokens, first, text, values }: ScanExample,
  { codes, prefix, rows }: { codes: SparseCodes; prefix: number; rows: number },
  feature: number,
): void {
  expectEqual([first, tokens.length], [0, rows - prefix], `tokens of text ${item}`);
  if (text !== generate(SEED, item).text) throw new Error(`text ${item}`);
  expectClose(
    values,
    valuesOf(codes, feature).subarray(prefix),
    { absolute: 1e-4 },
    `values of text ${item}`,
  );
}

/** Inputs on which every latent is well on either side of its gate: which fire is what bar and would-be value say. */
async function expectBars(gpu: Gpu, plain: PlainDictionary): Promise<void> {
  using dictionary = await plain.upload(gpu);
  const rows = 12;
  const input = Float32Array.from({ length: rows * dictionary.dIn }, (_, i) => 3 * Math.sin(1 + i * i));
  const batch = gpu.batch('bars');
  const x = batch.input(input, [rows, dictionary.dIn]);
  const { indices, values } = dictionary.encode(batch, x);
  const scales = dictionary.inputScales(batch, x);
  const encoder = dictionary.encoderRows(
    batch,
    Array.from({ length: dictionary.dSae }, (_, f) => f),
  );
  const { arrays } = await batch.submit([
    indices,
    values,
    encoder.directions,
    encoder.constants,
    ...(scales ? [scales] : []),
  ]);
  const codes = toSparseCodes(arrays[0] as Uint32Array, arrays[1] as Float32Array, rows);
  let [fires, quiet] = [0, 0];
  for (let feature = 0; feature < dictionary.dSae; feature++) {
    const direction = arrays[2]!.subarray(feature * dictionary.dIn, (feature + 1) * dictionary.dIn);
    const window = { codes, input, scales: arrays[4] as Float32Array | undefined };
    const found = featureRows(dictionary, window, feature, { direction, constant: arrays[3]![feature]! });
    found.values.forEach((value, row) => {
      if (Math.abs(found.would[row]! - found.bar[row]!) < 1e-4) return;
      if (value > 0) {
        fires += 1;
        expectClose([found.would[row]!], [value], { absolute: 1e-4 }, 'would-be value');
      } else quiet += 1;
      if (value > 0 !== found.would[row]! > found.bar[row]!)
        throw new Error(
          `${feature} at ${row}: ${value}, would be ${found.would[row]}, bar ${found.bar[row]}`,
        );
    });
  }
  if (fires < 20 || quiet < 20) throw new Error(`${fires} fire, ${quiet} do not`);
}
