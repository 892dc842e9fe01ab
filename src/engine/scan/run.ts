import { encodeSequences, rowsOfPass } from '../../analysis/encode-sequences.ts';
import { ScanAccumulator } from '../../analysis/scan/accumulator.ts';
import { GpuCounter } from '../../analysis/scan/gpu-counter.ts';
import type { ScanFacts } from '../../analysis/scan/scan-file.ts';
import { CorpusChunks } from '../../analysis/scan/windows.ts';
import type { Corpus, CorpusReference } from '../../corpus/corpus.ts';
import type { Dictionary } from '../../dictionary/dictionary.ts';
import { FacetError } from '../../shared/errors.ts';
import type { OpenedModelState } from '../opened-model.ts';
import type { Progress } from '../protocol.ts';
import type { ScanDump, ScanRequest, ScanStatistics } from '../scan-protocol.ts';
import type { Session } from '../session.ts';
import { scanAtHand } from './at-hand.ts';
import { oneAtATime, type ScanKeeper, scanKeeper } from './keeper.ts';
import { NowAndThen, Pace } from './pace.ts';
import { byCodes, readOn, type ScanWork } from './read-on.ts';
import { dictionaryOf, dumpOf, openTexts, scanFacts, statisticsOf } from './records.ts';

export interface ScanListener {
  onProgress: (progress: Progress) => void;
  onPartial: (statistics: ScanStatistics) => void;
  /** How figures are made: from codes, or counted on the GPU. The results are the same; default: what moves fewer bytes. */
  way?: 'auto' | 'codes' | 'counted';
}

/** Rows of one submission: well under half a second of work. */
export const BATCH_ROWS = { software: 256, gpu: 1_024 };
const SAVE_EVERY_MS = 10_000;
const PARTIAL_EVERY_MS = 2_000;
/** Said when figures were kept that this version of the page does not read. */
const NOT_READ = 'Figures kept by another version of this page were not used; the texts were read anew.';

/**
 * Reads a corpus, from where the same scan was left off, under the dictionary that is current when it begins; another may
 * be chosen meanwhile.
 * @throws FacetError `cancelled` when the signal fires; what is read by then is kept
 */
export async function runScan(
  session: Session,
  { corpus: reference, anew = false }: ScanRequest,
  listener: ScanListener,
): Promise<ScanStatistics> {
  const { opened, signal, context } = session;
  const corpus = await openTexts(reference);
  const wanted = dictionaryOf(opened);
  return opened.withDictionaries([wanted.info.id], context, ([loaded]) =>
    oneAtATime('scan', signal, () => {
      const facts = scanFacts(opened, loaded!, corpus);
      return oneAtATime(facts.id, signal, async () => {
        const keeper = await scanKeeper();
        if (anew) await keeper.remove(facts.id);
        return read(session, { facts, corpus, keeper, dictionary: loaded!.dictionary }, listener);
      });
    }),
  );
}

interface Scanned {
  facts: ScanFacts;
  corpus: Corpus;
  keeper: ScanKeeper;
  dictionary: Dictionary;
}

async function read(
  session: Session,
  { facts, corpus, keeper, dictionary }: Scanned,
  { onProgress, onPartial, way = 'auto' }: ScanListener,
): Promise<ScanStatistics> {
  const { opened, signal } = session;
  const found = await keeper.find(facts.id);
  const other = !found && (await keeper.hasUnreadable(facts.id));
  const scan = found ?? ScanAccumulator.empty(dictionary.dSae);
  keeper.hold(facts.id, scan);
  const record = (): ScanStatistics => {
    const statistics = statisticsOf(facts, scan, (id) => opened.tokenizer.text(id));
    return other ? { ...statistics, note: NOT_READ } : statistics;
  };
  const pace = new Pace(scan.figures.tokens);
  const progress = (): void =>
    onProgress({
      phase: 'scan',
      what: 'texts',
      done: scan.cursor.item,
      total: corpus.items,
      unit: 'steps',
      tokens: scan.figures.tokens,
      tokensPerSecond: pace.at(scan.figures.tokens),
    });
  const partial = new NowAndThen(PARTIAL_EVERY_MS);
  const saving = new NowAndThen(SAVE_EVERY_MS);
  let saved = scan.cursor;
  const save = async (): Promise<void> => {
    if (saved.item === scan.cursor.item && saved.window === scan.cursor.window) return;
    saved = scan.cursor;
    await keeper.save(facts, scan);
  };
  progress();
  try {
    const { model } = opened;
    // Of passes that do not change with what is read: the same codes to the last bit, wherever a scan was stopped.
    const fitting = rowsOfPass(model, { room: 1 });
    const rows = Math.min(fitting, opened.gpu.adapter.software ? BATCH_ROWS.software : BATCH_ROWS.gpu);
    using counter = new GpuCounter(model, dictionary, scan, rows);
    const codes = byCodes(rows, (windows) =>
      session.turn(() =>
        encodeSequences(
          model,
          dictionary,
          windows.map(({ ids }) => ids),
          { mostRows: rows },
        ),
      ),
    );
    const onChunk = async (): Promise<void> => {
      progress();
      await partial.maybe(() => onPartial(record()));
      await saving.maybe(save);
    };
    const readChunk: ScanWork['readChunk'] = (_, chunk, stop) =>
      (way === 'auto' ? counter.pays(chunk) : way === 'counted')
        ? counter.readChunk(chunk, (work) => session.turn(work), stop)
        : codes(scan, chunk, stop);
    await readOn(scan, chunksOf(opened, dictionary, corpus), { readChunk, onChunk }, signal);
  } finally {
    // A full disk must not lose what is in memory, nor hide why the scan ended.
    await save().catch(() => {});
  }
  return record();
}

export function chunksOf(opened: OpenedModelState, dictionary: Dictionary, corpus: Corpus): CorpusChunks {
  return new CorpusChunks(corpus, {
    prefix: Uint32Array.from(opened.prefixFor(dictionary), ({ id }) => id),
    rows: opened.info.nCtx,
    split(text) {
      try {
        return Uint32Array.from(opened.tokenizer.tokenize(text).tokens, ({ id }) => id);
      } catch (thrown) {
        if (thrown instanceof FacetError && thrown.code !== 'bug') return undefined;
        throw thrown;
      }
    },
  });
}

/** What is kept of a scan under the current dictionary, without reading on. Waits until one that was stopped is kept. */
export async function loadScan(
  { opened, signal }: Session,
  reference: CorpusReference,
): Promise<ScanStatistics | undefined> {
  const facts = scanFacts(opened, dictionaryOf(opened), await openTexts(reference));
  return oneAtATime(facts.id, signal, async () => {
    const scan = await (await scanKeeper()).find(facts.id);
    return scan && statisticsOf(facts, scan, (id) => opened.tokenizer.text(id));
  });
}

/** @throws FacetError `not-found` when nothing of it has been read */
export async function dumpScan(session: Session, reference: CorpusReference): Promise<ScanDump> {
  const { facts, scan } = await scanAtHand(session, reference);
  return dumpOf(facts, scan, (id) => session.opened.tokenizer.text(id));
}
