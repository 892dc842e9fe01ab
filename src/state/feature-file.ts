import type { EngineClient } from '../engine/client.ts';
import type { CorpusReference, OpenedModel, ScanExample, ScanExamples } from '../engine/protocol.ts';
import {
  type ExampleAttribution,
  type FeatureRecord,
  featureStatistics,
} from '../exchange/feature-record.ts';
import { FacetError } from '../shared/errors.ts';
import { layerOfHeads } from './attribution-question.ts';
import { runningEngine } from './engine.ts';
import { useNotes } from './notes.ts';
import { dictionaryReference, filesBehind } from './opening.ts';
import { useScans } from './scans.ts';
import { usePage } from './store.ts';

const NEAR_MISSES = 8;
/** Top examples whose value is split by the tokens it comes from; each is a pass of the model. */
const ATTRIBUTED = 10;

/** `undefined` where it is not known: nothing was read of the texts, or nothing can be said. */
async function known<Value>(answer: Promise<Value> | undefined): Promise<Value | undefined> {
  try {
    return await answer;
  } catch (thrown) {
    const { code } = FacetError.from(thrown);
    if (code === 'not-found' || code === 'unsupported' || code === 'bad-input') return undefined;
    throw thrown;
  }
}

/** By source token, where the dictionary is on heads: of the examples whose text is read as the scan read it. */
async function attributionsOf(
  engine: EngineClient,
  opened: OpenedModel,
  { feature, groups }: ScanExamples,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<ScanExample, ExampleAttribution>> {
  const found = new Map<ScanExample, ExampleAttribution>();
  const on = opened.dictionary;
  if (!on || layerOfHeads(on.hook) === undefined) return found;
  const dictionary = await filesBehind('dictionary', dictionaryReference(opened));
  if (dictionary === undefined) return found;
  const top = groups.find(({ kind }) => kind === 'top')?.examples.slice(0, ATTRIBUTED) ?? [];
  for (const example of top) {
    const { text, tokens, at } = example;
    const row = on.prefix + at;
    const request = { text, windowStart: 0, dictionary, feature, row, trail: [] };
    const record = await known(engine.heads.attribute(request, { signal }));
    const bySource = record?.heads?.bySource;
    if (bySource?.length !== on.prefix + tokens.length) continue;
    found.set(example, { values: bySource.slice(on.prefix), target: at });
  }
  return found;
}

/**
 * Everything that is known of a feature of the open dictionary, over the texts of the view, asked for where it is not at
 * hand. What was not measured is left out.
 * @throws FacetError `bad-input` when no dictionary is open
 */
export async function gatherFeature(feature: number, signal?: AbortSignal): Promise<FeatureRecord> {
  const engine = runningEngine();
  const { opened, card: shown, link } = usePage.getState();
  if (!engine || !opened?.dictionary)
    throw new FacetError('bad-input', 'No dictionary is open.', { hint: 'Open one, then export again.' });
  const { model, dictionary } = opened;
  const options = { signal };
  const { corpus } = useScans.getState();
  const ask = <Value>(question: (corpus: CorpusReference) => Promise<Value>): Promise<Value | undefined> =>
    known(corpus && question(corpus));
  const card = shown?.index === feature ? shown : await engine.feature(feature, options);
  const scan = await ask((of) => engine.scan.load(of, options));
  const examples = await ask((of) =>
    engine.scan.examples({ corpus: of, feature, nearMisses: NEAR_MISSES }, options),
  );
  const partners = await ask((of) => engine.scan.partners({ corpus: of, feature }, options));
  const about = await ask((of) => engine.scan.about({ corpus: of, feature }, options));
  const { notes, explanations } = useNotes.getState();
  return {
    feature,
    model: { id: model.id, title: model.title, digest: model.digest },
    dictionary,
    card,
    statistics: scan && featureStatistics(scan, feature),
    examples,
    attributions: examples && (await attributionsOf(engine, opened, examples, signal)),
    partners,
    about,
    label: notes[feature]?.label.text ?? '',
    note: notes[feature]?.note.text ?? '',
    explanations: explanations[feature] ?? [],
    link: await link(),
    made: Date.now(),
  };
}
