import { type KnownTexts, labelThresholds, metadataFits, sampledValues } from '../../analysis/scan/about.ts';
import { LabelledTokens } from '../../analysis/scan/label-fit.ts';
import type { CorpusItem } from '../../corpus/corpus.ts';
import { labelPairs, labelTokens } from '../../storyworld/token-labels.ts';
import type { FeatureAbout, ScanFeatureRequest } from '../scan-protocol.ts';
import type { Session } from '../session.ts';
import { type ScanAtHand, scanAtHand } from './at-hand.ts';
import { currentDictionary } from './windows-read.ts';

/** Texts that are looked up; of more, as many spread evenly over them. */
const MOST_TEXTS = 3_000;
const AT_ONCE = 64;
const MOST_METADATA = 20;
const MOST_LABELS = 20;
/** Looking texts up gives way to other work this often. */
const STRETCH_MS = 100;

/** What was looked up last: every feature of a scan asks of the same tokens. */
let kept: { scan: string; known: Promise<KnownTexts> } | undefined;

/** See `ScanApi.about`. @throws FacetError `not-found` when nothing was read, `bad-input` */
export async function tellAbout(session: Session, request: ScanFeatureRequest): Promise<FeatureAbout> {
  const { feature } = request;
  currentDictionary(session, feature);
  const scan = await scanAtHand(session, request.corpus);
  const known = await knownTexts(session, scan);
  const values = sampledValues(scan.state.sample, known.rows, feature);
  return {
    feature,
    texts: known.metadata.length,
    tokens: known.rows.length,
    firing: values.reduce((sum, value) => sum + (value > 0 ? 1 : 0), 0),
    metadata: metadataFits(known, values, MOST_METADATA),
    labels: labelThresholds(known.labelled, values, MOST_LABELS).map((fit) => ({ feature, ...fit })),
  };
}

async function knownTexts(session: Session, scan: ScanAtHand): Promise<KnownTexts> {
  const { state, corpus } = scan;
  const { rows, item, token } = state.sample;
  // The tokenizer is the model's, the sample the dictionary's: it keeps as many tokens as fit with their features.
  const name = [session.opened.info.digest, corpus.id, state.items, rows, item.at(-1), token.at(-1)].join(
    '/',
  );
  if (kept?.scan === name) {
    // Who asked first may have left in the middle.
    const before = await kept.known.catch(() => undefined);
    if (before) return before;
  }
  const known = lookUp(session, scan);
  kept = { scan: name, known };
  return known;
}

async function lookUp({ opened, signal }: Session, { corpus, state }: ScanAtHand): Promise<KnownTexts> {
  const { sample } = state;
  const all = [...new Set(sample.item)].sort((a, b) => a - b);
  const step = Math.max(1, all.length / MOST_TEXTS);
  const items = Array.from(
    { length: Math.min(all.length, MOST_TEXTS) },
    (_, i) => all[Math.floor(i * step)]!,
  );
  const places = new Map<number, number>(items.map((item, text) => [item, text]));
  const rowsOf = items.map((): number[] => []);
  sample.item.forEach((item, row) => rowsOf[places.get(item) ?? -1]?.push(row));
  const labelled = new LabelledTokens();
  const metadata: string[][] = [];
  const rows: number[] = [];
  const text: number[] = [];
  let labels = true;
  let began = performance.now();
  const atOnce = step < 2 ? AT_ONCE : 1;
  let buffer: { first: number; items: CorpusItem[] } = { first: 0, items: [] };
  for (const [place, number] of items.entries()) {
    if (number < buffer.first || number >= buffer.first + buffer.items.length)
      buffer = { first: number, items: await corpus.read(number, atOnce) };
    const item = buffer.items[number - buffer.first]!;
    if (performance.now() - began > STRETCH_MS) {
      await new Promise<void>((done) => setTimeout(done));
      signal.throwIfAborted();
      began = performance.now();
    }
    metadata.push(item.metadata);
    labels &&= item.storyworld !== undefined;
    const own = labels ? labelsOf(opened.tokenizer, item) : [];
    for (const row of rowsOf[place]!) {
      rows.push(row);
      text.push(place);
      labelled.add(own[sample.token[row]!] ?? []);
    }
  }
  return {
    rows: Uint32Array.from(rows),
    text: Uint32Array.from(text),
    metadata,
    fields: corpus.metadata,
    labelled: labels ? labelled : undefined,
  };
}

/** [tokens] the labels each carries. */
function labelsOf(tokenizer: Session['opened']['tokenizer'], { text, storyworld }: CorpusItem): string[][] {
  return labelTokens(storyworld!, tokenizer.tokenize(text).tokens).map(labelPairs);
}
