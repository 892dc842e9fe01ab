import type { SparseCodes } from '../../dictionary/codes.ts';
import type { Dictionary } from '../../dictionary/dictionary.ts';
import { codeTensors, readCodes } from '../../dictionary/room.ts';
import type { ModelTokenizer } from '../../model/tokenizer.ts';
import type { Transformer } from '../../model/transformer.ts';
import { type Item, sample } from '../../storyworld/index.ts';
import { bundledDictionary, bundledModel, bundledTokenizer } from '../../testing/bundled.ts';
import { gpuCases } from '../../testing/cases.ts';
import { attributeFeature } from './attribution.ts';
import { headShares } from './shares.ts';

const CHOOSING = { seed: 900, items: 40 };
const JUDGING = { seed: 901, items: 8 };
/** Of the firings judged, every so many: each takes a run of its own. */
const EVERY = 2;
/** Mean attention to the row after an earlier occurrence, from which a head is an induction head. */
const INDUCTION = 0.3;

const direct = <Result>(work: () => Promise<Result>): Promise<Result> => work();

interface Read {
  ids: Uint32Array<ArrayBuffer>;
  /** For each row: the rows after the same token in earlier copies, nearest first; empty where there are none. */
  sources: number[][];
}

/** A repeated sequence as the model reads it. */
function readItem(tokenizer: ModelTokenizer, { text, spans }: Item): Read {
  const tokens = [...tokenizer.prefix, ...tokenizer.tokenize(text).tokens];
  const prefix = tokenizer.prefix.length;
  const rowAt = new Map(tokens.map(({ start }, row) => [row < prefix ? -1 : start, row]));
  const sources = tokens.map(({ start }, row) => {
    const found: number[] = [];
    let span = row < prefix ? undefined : spans.find((each) => start >= each.start && start < each.end);
    while (span?.labels.repeatOf !== undefined) {
      const earlier = span.labels.repeatOf as number;
      const same = rowAt.get(earlier + start - (spans.find((each) => each.end > start)?.start ?? 0));
      if (same !== undefined) found.push(same + 1);
      span = spans.find((each) => each.start === earlier);
    }
    return found;
  });
  return { ids: Uint32Array.from(tokens, ({ id }) => id), sources };
}

/** What a layer does with a text: the codes of its dictionary, and [H, T, T] its patterns. */
interface Looked {
  codes: SparseCodes;
  pattern: Float32Array;
}

/** All layers of a text in one pass. */
async function look(
  model: Transformer,
  dictionaries: readonly Dictionary[],
  { ids }: Read,
): Promise<Looked[]> {
  const patternOf = (layer: number): string => `blocks.${layer}.attn.hook_pattern`;
  const hooks = dictionaries.flatMap(({ hook }, layer) => [hook, patternOf(layer)]);
  const batch = model.gpu.batch('induction');
  const { captures } = model.record(batch, { ids, captures: hooks });
  const reads = dictionaries.map((dictionary, layer) => [
    captures.get(patternOf(layer))!,
    ...codeTensors(dictionary.encode(batch, captures.get(dictionary.hook)!)),
  ]);
  const { arrays } = await batch.submit(reads.flat());
  return reads.map((each) => {
    const [pattern, ...codes] = arrays.splice(0, each.length);
    return { codes: readCodes(codes, ids.length).codes, pattern: pattern as Float32Array };
  });
}

/** Rows a latent fires on, the first left out. */
function firings({ offsets, indices }: SparseCodes, latent: number): number[] {
  return Array.from({ length: offsets.length - 1 }, (_, row) => row).filter(
    (row) => row > 0 && indices.subarray(offsets[row], offsets[row + 1]).includes(latent),
  );
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Heads of a layer that look at what came after earlier occurrences. */
function inductionHeads(items: readonly Read[], looked: readonly Looked[], nHeads: number): number[] {
  const attention = (head: number): number[] =>
    items.flatMap(({ sources, ids: { length } }, i) =>
      sources.flatMap((rows, t) =>
        rows.length === 0
          ? []
          : [sum(rows.map((source) => looked[i]!.pattern[(head * length + t) * length + source]!))],
      ),
    );
  return Array.from({ length: nHeads }, (_, head) => head).filter((head) => {
    const found = attention(head);
    return sum(found) / found.length >= INDUCTION;
  });
}

/**
 * Latents that say "this has been seen before, and what came next": more than half of their decoder is in induction heads,
 * at least nine of ten firings on these items are on tokens of later copies, and they fire on a tenth of those or more (not
 * for single words). What they read is not looked at.
 */
async function inductionLatents(
  model: Transformer,
  dictionary: Dictionary,
  items: readonly Read[],
  looked: readonly Looked[],
): Promise<number[]> {
  const { nHeads } = model.config;
  const heads = inductionHeads(items, looked, nHeads);
  if (heads.length === 0) return [];
  const { shares } = await headShares(model, dictionary, direct);
  const isRepeated = (item: number, row: number): boolean => items[item]!.sources[row]!.length > 0;
  const repeated = sum(items.map(({ sources }) => sources.filter((rows) => rows.length > 0).length));
  return Array.from({ length: dictionary.dSae }, (_, latent) => latent).filter((latent) => {
    if (sum(heads.map((head) => shares[latent * nHeads + head]!)) <= 0.5) return false;
    const fired = looked.map(({ codes }) => firings(codes, latent));
    const right = sum(fired.map((rows, i) => rows.filter((row) => isRepeated(i, row)).length));
    return right >= 0.9 * sum(fired.map((rows) => rows.length)) && right >= 0.1 * repeated;
  });
}

export const cases = gpuCases('induction', {
  'features of induction point at the token after the earlier occurrence': async (gpu) => {
    using model = await bundledModel(gpu);
    const tokenizer = await bundledTokenizer();
    const read = ({ seed, items }: typeof CHOOSING): Read[] =>
      sample(seed, items, { registers: ['repeats'] }).map((item) => readItem(tokenizer, item));
    const layers = Array.from({ length: model.config.nLayers }, (_, layer) => layer);
    const dictionaries: Dictionary[] = [];
    for (const layer of layers)
      dictionaries.push(await bundledDictionary(gpu, `blocks.${layer}.attn.hook_z`));
    const lookAt = async (items: readonly Read[]): Promise<Looked[][]> => {
      const looked: Looked[][] = [];
      for (const item of items) looked.push(await look(model, dictionaries, item));
      return looked;
    };
    const [choosing, judging] = [read(CHOOSING), read(JUDGING)];
    const [chosenFrom, looked] = [await lookAt(choosing), await lookAt(judging)];
    let latents = 0;
    let right = 0;
    let judged = 0;
    for (const layer of layers) {
      const dictionary = dictionaries[layer]!;
      const own = chosenFrom.map((each) => each[layer]!);
      const chosen = await inductionLatents(model, dictionary, choosing, own);
      latents += chosen.length;
      for (const [i, { ids, sources }] of judging.entries()) {
        for (const feature of chosen) {
          const rows = firings(looked[i]![layer]!.codes, feature).filter((row) => sources[row]!.length > 0);
          for (const row of rows.filter((_, at) => at % EVERY === 0)) {
            const asked = { dictionary, feature, row, ids, steps: [], upstream: [] };
            const { heads } = await attributeFeature(model, asked, direct);
            const sizes = heads!.bySource.map(Math.abs);
            right += sources[row]!.includes(sizes.indexOf(Math.max(...sizes))) ? 1 : 0;
            judged += 1;
          }
        }
      }
    }
    for (const dictionary of dictionaries) dictionary.dispose();
    throw new Error(`FIG ${latents} ${right} ${judged}`);
    if (latents < 2 || judged < 40) throw new Error(`only ${latents} latents with ${judged} firings`);
    if (right < 0.9 * judged) throw new Error(`${right} of ${judged} firings point there`);
  },
});
