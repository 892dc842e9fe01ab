import { encodeSequences } from '../../analysis/encode-sequences.ts';
import { ScanAccumulator } from '../../analysis/scan/accumulator.ts';
import { GpuCounter } from '../../analysis/scan/gpu-counter.ts';
import type { ScanChunk } from '../../analysis/scan/windows.ts';
import { PlainDictionary } from '../../testing/plain-dictionary.ts';
import { byCodes, readOn } from './read-on.ts';
import { openTexts, scanFacts } from './records.ts';
import { writeScan } from '../../analysis/scan/scan-file.ts';
import type { CorpusReference } from '../../corpus/corpus.ts';
import { generate } from '../../storyworld/index.ts';
import { codeOf, withBundledSession } from '../../testing/bundled-session.ts';
import { gpuCases } from '../../testing/cases.ts';
import { expectClose, expectEqual } from '../../testing/close.ts';
import { TestRandom } from '../../testing/random.ts';
import { analyzePrompt } from '../../analysis/prompt.ts';
import type { Session } from '../session.ts';
import { scanAtHand } from './at-hand.ts';
import { scanKeeper } from './keeper.ts';
import { chunksOf, loadScan, runScan } from './run.ts';

const silent = { onProgress: () => {}, onPartial: () => {} };
const corpus = (items: number): CorpusReference => ({ kind: 'storyworld', seed: 31, items });

/** Kept figures without the time they were kept at. */
async function bytesOf(session: Session, reference: CorpusReference): Promise<Uint8Array> {
  const { facts, scan } = await scanAtHand(session, reference);
  return new Uint8Array(await new Blob(await writeScan(facts, scan, 1)).arrayBuffer());
}

async function forget(session: Session, reference: CorpusReference): Promise<void> {
  const { facts } = await scanAtHand(session, reference);
  await (await scanKeeper()).remove(facts.id);
}

export const cases = gpuCases('scans', {
  'agree with readings of the same texts one by one': (gpu) =>
    withBundledSession(gpu, async (session) => {
      const { opened, context } = session;
      await opened.use(opened.summaries[0]!.id, undefined, context);
      const { dictionary } = opened.current!;
      const items = 8;
      const reference = corpus(items);
      const statistics = await runScan(session, { corpus: reference, anew: true }, silent);
      const count = new Uint32Array(dictionary.dSae);
      const sum = new Float64Array(dictionary.dSae);
      const max = new Float32Array(dictionary.dSae);
      const tops = new Map<number, { item: number; token: number; value: number; text: string }>();
      let tokens = 0;
      for (let item = 0; item < items; item++) {
        const { ids, prefix } = session.read({ text: generate(31, item).text, windowStart: 0 });
        const options = { nextTokens: 1, honesty: false, logits: 'none', captures: [] } as const;
        const { codes } = await analyzePrompt(opened.model, dictionary, ids, options);
        for (let row = 1; row < ids.length; row++) {
          tokens += 1;
          for (let entry = codes.offsets[row]!; entry < codes.offsets[row + 1]!; entry++) {
            const feature = codes.indices[entry]!;
            const value = codes.values[entry]!;
            count[feature]! += 1;
            sum[feature]! += value;
            max[feature] = Math.max(max[feature]!, value);
            if (value > (tops.get(feature)?.value ?? 0))
              tops.set(feature, { item, token: row - prefix, value, text: opened.tokenizer.text(ids[row]!) });
          }
        }
      }
      expectEqual([statistics.items, statistics.tokens], [items, tokens], 'tokens');
      expectEqual(statistics.count, count, 'counts');
      expectClose(statistics.sum, sum, { relative: 1e-4 }, 'sums');
      expectClose(statistics.max, max, { relative: 1e-6 }, 'maxima');
      const { state } = await scanAtHand(session, reference);
      const perFeature = state.top.item.length / dictionary.dSae;
      for (const [feature, { item, token, text }] of tops) {
        const at = feature * perFeature;
        expectEqual([state.top.item[at]!, state.top.token[at]!], [item, token], `best of ${feature}`);
        if (statistics.topTokens[feature] !== text) throw new Error(`top token of ${feature}`);
      }
      expectEqual([state.sample.rows, state.sample.indices.length], [tokens, statistics.count.reduce((a, b) => a + b)], 'sample'); // oxfmt-ignore
      await forget(session, reference);
    }),

  'stopped at random, and read on, they are byte for byte the same': async (gpu) => {
    const reference = corpus(45);
    const random = new TestRandom(5);
    let expected: Uint8Array | undefined;
    await withBundledSession(gpu, async (session) => {
      await session.opened.use(session.opened.summaries[0]!.id, undefined, session.context);
      await runScan(session, { corpus: reference, anew: true }, silent);
      expected = await bytesOf(session, reference);
      await forget(session, reference);
      let stops = 0;
      for (let done = false; !done;) {
        const controller = new AbortController();
        let left = 2 + random.integer(8);
        const turn = <Result>(work: () => Promise<Result>): Promise<Result> => {
          if (--left === 0) controller.abort();
          return session.turn(work);
        };
        const stopping = { ...session, signal: controller.signal, turn };
        const code = await codeOf(runScan(stopping, { corpus: reference }, silent));
        if (code === 'cancelled') stops += 1;
        else if (code !== 'none') throw new Error(code);
        else done = true;
        const kept = await loadScan(session, reference);
        if (stops > 3 && kept!.items === 0) throw new Error('nothing was kept');
      }
      expectEqual([stops > 1 ? 1 : 0], [1], 'stops');
      expectEqual(await bytesOf(session, reference), expected, 'bytes');
      await forget(session, reference);
      const missing = await codeOf(scanAtHand(session, reference));
      if (missing !== 'not-found') throw new Error(missing);
    });
  },

  'counted on the GPU they are those of the codes, byte for byte, whatever does not fit at first': (gpu) =>
    withBundledSession(gpu, async ({ opened, turn, context }) => {
      await opened.use(opened.summaries[0]!.id, undefined, context);
      const texts = await openTexts(corpus(25));
      const stop = (): void => {};
      for (const spec of [
        { hook: 'blocks.2.hook_resid_pre', dIn: 192, dSae: 700, architecture: 'jumprelu', bias: 30 },
        { hook: 'blocks.1.attn.hook_z', dIn: 192, dSae: 600, architecture: 'topk', k: 16 },
      ] as const) {
        const plain = new PlainDictionary(spec);
        const both: Uint8Array[] = [];
        for (const way of ['codes', 'counted'] as const) {
          using dictionary = await plain.upload(gpu);
          const scan = ScanAccumulator.empty(spec.dSae);
          using counter = new GpuCounter(opened.model, dictionary, scan, 200);
          const codes = byCodes(200, (windows) =>
            turn(() =>
              encodeSequences(
                opened.model,
                dictionary,
                windows.map(({ ids }) => ids),
                { mostRows: 200 },
              ),
            ),
          );
          const work = {
            readChunk: (_: ScanAccumulator, chunk: ScanChunk) =>
              way === 'counted' ? counter.readChunk(chunk, turn, stop) : codes(scan, chunk, stop),
            onChunk: () => {},
          };
          await readOn(scan, chunksOf(opened, dictionary, texts), work, new AbortController().signal);
          const facts = { ...scanFacts(opened, opened.current!, texts), id: '0'.repeat(32) };
          both.push(new Uint8Array(await new Blob(await writeScan(facts, scan, 1)).arrayBuffer()));
          if (spec.architecture === 'jumprelu' && dictionary.room <= 512)
            throw new Error('there was room for all from the start');
        }
        expectEqual(both[1]!, both[0]!, spec.architecture);
      }
    }),

  'two at once do not mix, nor does a dictionary that is chosen meanwhile': (gpu) =>
    withBundledSession(gpu, async (session) => {
      const { opened, context } = session;
      const [first, second] = opened.summaries.map(({ id }) => id) as [string, string];
      const reference = corpus(7);
      const alone = new Map<string, Uint8Array>();
      for (const id of [second, first]) {
        await opened.use(id, undefined, context);
        await runScan(session, { corpus: reference, anew: true }, silent);
        alone.set(id, await bytesOf(session, reference));
        await forget(session, reference);
      }
      // Both begin under the first.
      const scans = [1, 2].map(() => runScan(session, { corpus: reference }, silent));
      await opened.use(second, undefined, context);
      const [one, other] = await Promise.all([...scans, runScan(session, { corpus: reference }, silent)]);
      expectEqual(one.count, other!.count, 'counts');
      if (one.dictionary !== first || other!.dictionary !== first) throw new Error(one.dictionary);
      expectEqual(await bytesOf(session, reference), alone.get(second)!, 'the second');
      await forget(session, reference);
      await opened.use(first, undefined, context);
      expectEqual(await bytesOf(session, reference), alone.get(first)!, 'the first');
      await forget(session, reference);
    }),
});
