import { FeatureStatistics } from '../analysis/sample-statistics.ts';
import { ownActivation } from '../analysis/site.ts';
import type { SparseCodes } from '../dictionary/codes.ts';
import type { Dictionary } from '../dictionary/dictionary.ts';
import { codeTensors, readCodes, withRoom } from '../dictionary/room.ts';
import { generate } from '../storyworld/index.ts';
import type { Gate } from './gate.ts';
import type { OpenedModelState } from './opened-model.ts';
import type { Example, ExamplesRequest, Progress, SampleRequest, SampleStatistics } from './protocol.ts';

const ITEMS_PER_BATCH = 4;
const BINS = 24;
/** Feature values of a residual-stream dictionary lie well inside; what does not is counted in the outer bins. */
const RANGE = { low: 0.05, high: 100 };

export interface ScanListener {
  onProgress: (progress: Progress) => void;
  /** What there is so far, every few seconds, so that a scan that is stopped keeps what it found. */
  onPartial: (statistics: SampleStatistics) => void;
}

/** Between two partial results: copying them costs far less than the passes of that time. */
const PARTIAL_EVERY_MS = 2_000;

/**
 * Runs Storyworld items through model and dictionary, a few per submission, and gives way to other work in between.
 * @throws FacetError `cancelled` when the signal fires
 */
export async function scanStoryworld(
  opened: OpenedModelState,
  { dictionary, digest }: { dictionary: Dictionary; digest: string },
  request: SampleRequest,
  gate: Gate,
  signal: AbortSignal,
  { onProgress, onPartial }: ScanListener,
): Promise<SampleStatistics> {
  const scan: Scan = {
    statistics: new FeatureStatistics(dictionary.dSae, BINS, RANGE, request.examples ?? 8),
    sequences: [],
  };
  const report = (): SampleStatistics => statisticsRecord(opened, { dictionary, digest }, request.seed, scan);
  let reported = performance.now();
  while (scan.sequences.length < request.items) {
    const first = scan.sequences.length;
    const count = Math.min(ITEMS_PER_BATCH, request.items - first);
    await gate.run(signal, () => scanBatch(opened, dictionary, request.seed, count, scan));
    const done = first + count;
    onProgress({ phase: 'sample', what: 'Storyworld items', done, total: request.items, unit: 'steps' });
    if (performance.now() - reported < PARTIAL_EVERY_MS || done === request.items) continue;
    onPartial(report());
    reported = performance.now();
  }
  return report();
}

interface Scan {
  statistics: FeatureStatistics;
  /** Token ids of every item read, in order. */
  sequences: Uint32Array<ArrayBuffer>[];
}

function statisticsRecord(
  { tokenizer }: OpenedModelState,
  { dictionary, digest }: { dictionary: Dictionary; digest: string },
  seed: number,
  { statistics, sequences }: Scan,
): SampleStatistics {
  const { examples: perFeature, exampleItem, exampleToken } = statistics;
  return {
    dictionary: dictionary.id,
    dictionaryDigest: digest,
    seed,
    items: sequences.length,
    tokens: statistics.tokens,
    count: statistics.count,
    sum: statistics.sum,
    max: statistics.max,
    bins: BINS,
    edges: statistics.edges,
    histogram: statistics.histogram,
    examples: { perFeature, item: exampleItem, token: exampleToken, value: statistics.exampleValue },
    topTokens: Array.from({ length: dictionary.dSae }, (_, feature) => {
      const id = sequences[exampleItem[feature * perFeature]!]?.[exampleToken[feature * perFeature]!];
      return id === undefined ? '' : tokenizer.text(id);
    }),
  };
}

async function scanBatch(
  opened: OpenedModelState,
  dictionary: Dictionary,
  seed: number,
  count: number,
  { statistics, sequences }: Scan,
): Promise<void> {
  const first = sequences.length;
  const batch = Array.from({ length: count }, (_, i) => sequenceIds(opened, generate(seed, first + i).text));
  const codes = await encodeSequences(opened, dictionary, batch);
  codes.forEach((found, i) => statistics.add(first + i, found, 1));
  sequences.push(...batch);
}

/** One feature's activation on every token of a few items. */
export async function readExamples(
  opened: OpenedModelState,
  dictionary: Dictionary,
  { feature, seed, items }: ExamplesRequest,
): Promise<Example[]> {
  const { tokenizer } = opened;
  const texts = items.map((item) => generate(seed, item));
  const sequences = texts.map(({ text }) => sequenceIds(opened, text));
  const codes = await encodeSequences(opened, dictionary, sequences);
  return sequences.map((ids, i) => {
    const { offsets, indices, values } = codes[i]!;
    const activations = new Float32Array(ids.length);
    for (let t = 0; t < ids.length; t++) {
      for (let e = offsets[t]!; e < offsets[t + 1]!; e++)
        if (indices[e] === feature) activations[t] = values[e]!;
    }
    return {
      item: items[i]!,
      register: texts[i]!.register,
      text: texts[i]!.text,
      tokens: Array.from(ids, (id) => tokenizer.text(id)),
      values: activations,
    };
  });
}

/** Sparse codes of several sequences: one submission, one readback, and again if there was no room for all features. */
async function encodeSequences(
  { model }: OpenedModelState,
  dictionary: Dictionary,
  sequences: readonly Uint32Array<ArrayBuffer>[],
): Promise<SparseCodes[]> {
  const longest = sequences.reduce((most, { length }) => Math.max(most, length), 0);
  return withRoom(dictionary, longest, async () => {
    const batch = model.gpu.batch('scan');
    try {
      const tensors = sequences.map((ids) => {
        const { captures } = model.record(batch, { ids, captures: [dictionary.hook] });
        const activation = captures.get(dictionary.hook)!;
        const own = ownActivation(batch, dictionary, activation);
        const codes = dictionary.encode(batch, own);
        batch.release(activation, own);
        return codeTensors(codes);
      });
      const { arrays } = await batch.submit(tensors.flat());
      let next = 0;
      const read = sequences.map(({ length }, i) => {
        const own = arrays.slice(next, next + tensors[i]!.length);
        next += own.length;
        return readCodes(own, length);
      });
      return { result: read.map(({ codes }) => codes), read };
    } catch (thrown) {
      batch.discard();
      throw thrown;
    }
  });
}

/** Ids of a text as it is read, cut to what is read at once. */
function sequenceIds({ tokenizer, prefix, info }: OpenedModelState, text: string): Uint32Array<ArrayBuffer> {
  const { tokens } = tokenizer.tokenize(text);
  return Uint32Array.from([...prefix, ...tokens.slice(0, info.nCtx - prefix.length)], ({ id }) => id);
}
