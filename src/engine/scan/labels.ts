import { encodeSequences, rowsOfPass } from '../../analysis/encode-sequences.ts';
import { type CorpusText, openCorpus } from '../../analysis/heads/corpus.ts';
import { LabelChooser, LabelMeasure } from '../../analysis/scan/label-fit.ts';
import type { SparseCodes } from '../../dictionary/codes.ts';
import { FacetError } from '../../shared/errors.ts';
import { labels } from '../../storyworld/index.ts';
import { labelPairs } from '../../storyworld/token-labels.ts';
import type { LoadedDictionary } from '../opened-model.ts';
import type { LabelTable, LabelTableRequest, Progress } from '../protocol.ts';
import type { Session } from '../session.ts';

const MOST_ITEMS = 4_000;
/** Between two partial results. */
const PARTIAL_EVERY_MS = 2_000;
/** A turn is to take about as long, so that others can come in between. */
const TURN_MS = 350;
/** Rows of the first turn, and the fewest and most of any other. */
const FIRST_ROWS = 256;
const FEWEST_ROWS = 64;
const MOST_ROWS = 2 ** 14;
/** A stretch of work on the processor before others may have a turn. */
const STRETCH_MS = 100;

export interface LabelTableListener {
  onProgress: (progress: Progress) => void;
  onPartial: (table: LabelTable) => void;
}

/** See `ScanApi.labelTable`. @throws FacetError `bad-input`, `cancelled`, `limits` */
export function labelTable(
  session: Session,
  request: LabelTableRequest,
  listener: LabelTableListener,
): Promise<LabelTable> {
  const { opened, context } = session;
  const { leastRate = 0.001, dictionary: reference = opened.current?.info.id, ...sizes } = request;
  const asked = { ...sizes, leastRate };
  check(asked);
  if (reference === undefined)
    throw new FacetError('bad-input', 'Labels are told by the latents of a dictionary, and none is open.');
  return opened.withDictionaries([reference], context, ([loaded]) =>
    fillTable(session, loaded!, asked, listener),
  );
}

type Asked = LabelTable['request'];

function check({ chooseItems, measureItems, chooseSeed, measureSeed, leastRate }: Asked): void {
  for (const items of [chooseItems, measureItems])
    if (!Number.isInteger(items) || items < 1 || items > MOST_ITEMS)
      throw new FacetError('bad-input', `Labels are measured on 1 to ${MOST_ITEMS} items.`);
  if (chooseSeed === measureSeed)
    throw new FacetError(
      'bad-input',
      'The sample to measure on must have another seed than that to choose on.',
      {
        hint: 'A latent that is measured where it was chosen looks better than it is.',
      },
    );
  if (!(leastRate >= 0 && leastRate < 1))
    throw new FacetError('bad-input', 'The smallest share of tokens must be from 0 to below 1.');
}

async function fillTable(
  session: Session,
  { dictionary, info: { digest } }: LoadedDictionary,
  asked: Asked,
  { onProgress, onPartial }: LabelTableListener,
): Promise<LabelTable> {
  const { opened } = session;
  const reader = new LabelReader(session, dictionary);
  const { chooseSeed, chooseItems, measureSeed, measureItems } = asked;
  const chooser = new LabelChooser(dictionary.dSae);
  while (chooser.from < dictionary.dSae) {
    // Wide dictionaries take several readings, of as many latents each as there is room for.
    const what =
      chooser.from === 0 ? 'items to choose on' : `items to choose on, latents from ${chooser.from}`;
    await reader.read({ seed: chooseSeed, items: chooseItems }, (codes, pairs, first, done) => {
      chooser.add(codes, pairs, first);
      onProgress({ phase: 'scan', what, done, total: chooseItems, unit: 'steps' });
    });
    await choose(session, chooser);
  }
  const measure = new LabelMeasure(chooser, asked.leastRate);
  let items = 0;
  const record = (): LabelTable => ({
    dictionary: dictionary.id,
    dictionaryDigest: digest,
    modelDigest: opened.info.digest,
    request: asked,
    chooseTokens: chooser.labelled.tokens,
    measureItems: items,
    measureTokens: measure.labelled.tokens,
    rows: measure
      .rows()
      .map(({ label, feature, threshold, precision, recall, f1, chosenF1, tokens, rate }) => ({
        label, feature, threshold, precision, recall, f1, chosenF1, tokens, rate,
      })), // oxfmt-ignore
    meanings: Object.fromEntries(labels.map(({ name, meaning }) => [name, meaning])),
  });
  let reported = performance.now();
  await reader.read({ seed: measureSeed, items: measureItems }, (codes, pairs, first, done) => {
    measure.add(codes, pairs, first);
    items = done;
    onProgress({ phase: 'scan', what: 'items to measure on', done, total: measureItems, unit: 'steps' });
    if (done === measureItems || performance.now() - reported < PARTIAL_EVERY_MS) return;
    onPartial(record());
    reported = performance.now();
  });
  return record();
}

/** Latent after latent, giving way in between. */
async function choose(session: Session, chooser: LabelChooser): Promise<void> {
  const steps = chooser.choose();
  const stretch = async (): Promise<boolean> => {
    const start = performance.now();
    let step = steps.next();
    while (!step.done && performance.now() - start < STRETCH_MS) step = steps.next();
    await new Promise((next) => setTimeout(next));
    return step.done === true;
  };
  while (!(await session.turn(stretch)));
}

type OnText = (
  codes: SparseCodes,
  pairs: readonly (readonly string[])[],
  firstRow: number,
  done: number,
) => void;

/** Reads items in turns of about the same time. */
class LabelReader {
  #rows: number;

  constructor(
    private readonly session: Session,
    private readonly dictionary: LoadedDictionary['dictionary'],
  ) {
    this.#rows = Math.min(FIRST_ROWS, rowsOfPass(session.opened.model, dictionary));
  }

  async read({ seed, items }: { seed: number; items: number }, onText: OnText): Promise<void> {
    const { opened, turn } = this.session;
    const { tokenizer, info } = opened;
    const prefix = opened.prefixFor(this.dictionary);
    const corpus = openCorpus({ kind: 'storyworld', seed, items }, { tokenizer, prefix, rows: info.nCtx });
    for (let first = 0; first < items;) {
      const texts: CorpusText[] = [];
      for (let rows = 0; rows < this.#rows && first + texts.length < items; rows += texts.at(-1)!.ids.length)
        texts.push(corpus.text(first + texts.length));
      const before = first;
      await turn(() =>
        this.#encode(texts, (text, codes, i) => {
          const pairs = text.labels!.map(labelPairs);
          onText(codes, pairs, Math.max(1, text.prefix), before + i + 1);
        }),
      );
      first += texts.length;
    }
  }

  async #encode(
    texts: readonly CorpusText[],
    take: (text: CorpusText, codes: SparseCodes, i: number) => void,
  ): Promise<void> {
    const start = performance.now();
    const sequences = texts.map(({ ids }) => ids);
    const codes = await encodeSequences(this.session.opened.model, this.dictionary, sequences);
    texts.forEach((text, i) => take(text, codes[i]!, i));
    const ratio = Math.min(2, Math.max(0.5, TURN_MS / (performance.now() - start)));
    this.#rows = Math.ceil(Math.min(MOST_ROWS, Math.max(FEWEST_ROWS, this.#rows * ratio)));
  }
}
