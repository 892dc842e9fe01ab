import { analyzePrompt } from '../../analysis/prompt.ts';
import { generate } from '../../storyworld/index.ts';
import { labelPairs, labelTokens } from '../../storyworld/token-labels.ts';
import { codeOf, withBundledSession } from '../../testing/bundled-session.ts';
import { gpuCases } from '../../testing/cases.ts';
import type { LabelTable, LabelTableRequest, Progress } from '../protocol.ts';
import type { Session } from '../session.ts';
import { labelTable } from './labels.ts';

const REQUEST: LabelTableRequest = {
  dictionary: 'blocks.2.hook_resid_pre',
  chooseItems: 8,
  chooseSeed: 5,
  measureItems: 6,
  measureSeed: 6,
  leastRate: 0.02,
};

function expectSame(found: unknown, expected: unknown, what: string): void {
  const [ours, theirs] = [JSON.stringify(found), JSON.stringify(expected)];
  if (ours !== theirs) throw new Error(`${what}: ${ours}, not ${theirs}`);
}

const silent = { onProgress: () => {}, onPartial: () => {} };

/** Every token of the items with its labels and the values of all its features. */
async function readAll(
  session: Session,
  dictionaryId: string,
  seed: number,
  items: number,
): Promise<{ labels: string[]; values: Map<number, number> }[]> {
  const { opened, context } = session;
  return opened.withDictionaries([dictionaryId], context, async ([loaded]) => {
    const rows: { labels: string[]; values: Map<number, number> }[] = [];
    for (let item = 0; item < items; item++) {
      const story = generate(seed, item);
      const tokens = opened.tokenizer.tokenize(story.text).tokens.slice(0, 255);
      const ids = Uint32Array.from([opened.tokenizer.bos, ...tokens], ({ id }) => id);
      const { codes } = await analyzePrompt(opened.model, loaded!.dictionary, ids, {
        nextTokens: 1, honesty: false, logits: 'none', captures: [],
      }); // oxfmt-ignore
      labelTokens(story, tokens).forEach((labels, i) => {
        const [from, to] = [codes.offsets[i + 1]!, codes.offsets[i + 2]!];
        const values = new Map(
          Array.from(codes.indices.subarray(from, to), (feature, entry) => [
            feature,
            codes.values[from + entry]!,
          ]),
        );
        rows.push({ labels: labelPairs(labels), values });
      });
    }
    return rows;
  });
}

export const cases = gpuCases('label table', {
  'figures are those of counting tokens of the fresh sample one by one': async (gpu) => {
    await withBundledSession(gpu, async (session) => {
      const progress: Progress[] = [];
      const listener = { ...silent, onProgress: (each: Progress) => progress.push(each) };
      const table = await labelTable(session, REQUEST, listener);
      const chosen = await readAll(session, 'blocks.2.hook_resid_pre', 5, 8);
      const fresh = await readAll(session, 'blocks.2.hook_resid_pre', 6, 6);
      expectSame(
        [table.chooseTokens, table.measureTokens, table.measureItems],
        [chosen.length, fresh.length, 6],
        'tokens',
      );
      const rate = (label: string): number =>
        chosen.filter(({ labels }) => labels.includes(label)).length / chosen.length;
      const frequent = [...new Set(chosen.flatMap(({ labels }) => labels))].filter(
        (label) => rate(label) > 0.02,
      );
      expectSame(table.rows.map(({ label }) => label).sort(), frequent.sort(), 'labels');
      if (frequent.length < 15) throw new Error(`only ${frequent.length} labels`);
      let told = 0;
      for (const row of table.rows) {
        const figures = (rows: typeof fresh, threshold: number): number[] => {
          const says = rows.filter(({ values }) => (values.get(row.feature) ?? 0) > threshold);
          const hits = says.filter(({ labels }) => labels.includes(row.label)).length;
          const all = rows.filter(({ labels }) => labels.includes(row.label)).length;
          return [
            hits / Math.max(1, says.length),
            hits / Math.max(1, all),
            (2 * hits) / Math.max(1, says.length + all),
          ];
        };
        // A value on the very edge may fall to the other side by rounding, as packed passes are not to the bit the same.
        const expectFigures = (
          found: number[],
          expected: (threshold: number) => number[],
          what: string,
        ): void => {
          const ways = [1, 1 - 1e-4, 1 + 1e-4].map((factor) =>
            JSON.stringify(expected(factor * row.threshold)),
          );
          if (!ways.includes(JSON.stringify(found)))
            throw new Error(`${row.label}, ${what}: ${found.join()}, not ${ways[0]}`);
        };
        const { precision, recall, f1, chosenF1 } = row;
        expectFigures([precision, recall, f1], (threshold) => figures(fresh, threshold), 'fresh');
        expectFigures([chosenF1], (threshold) => figures(chosen, threshold).slice(2), 'chosen');
        expectSame(row.rate, row.tokens / fresh.length, 'rate');
        if (row.f1 > 0.5) told += 1;
        const name = row.label.slice(0, row.label.indexOf('='));
        if (!table.meanings[name]) throw new Error(`nobody says what ${name} means`);
      }
      if (told < 3) throw new Error(`${told} labels are told`);
      const last = progress.at(-1)!;
      expectSame([last.done, last.total], [6, 6], 'progress');
    });
  },
  'samples of one seed, and too many items, are refused; stopping stops': async (gpu) => {
    await withBundledSession(gpu, async (session, stop) => {
      const ask = (part: Partial<LabelTableRequest>, listener: Parameters<typeof labelTable>[2] = silent) =>
        codeOf((async (): Promise<LabelTable> => labelTable(session, { ...REQUEST, ...part }, listener))());
      expectSame(await ask({ measureSeed: 5 }), 'bad-input', 'one seed');
      expectSame(await ask({ chooseItems: 0 }), 'bad-input', 'no items');
      expectSame(await ask({ measureItems: 1e9 }), 'bad-input', 'many items');
      expectSame(await ask({ leastRate: NaN }), 'bad-input', 'rate');
      expectSame(await ask({ dictionary: undefined }), 'bad-input', 'no dictionary open');
      const stopping = { ...silent, onProgress: ({ what }: Progress) => what.includes('measure') && stop() };
      expectSame(await ask({ measureItems: 2_000 }, stopping), 'cancelled', 'stopped');
    });
  },
});
