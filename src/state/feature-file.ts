import type { CorpusReference } from '../engine/protocol.ts';
import { type FeatureRecord, featureStatistics } from '../exchange/feature-record.ts';
import { FacetError } from '../shared/errors.ts';
import { runningEngine } from './engine.ts';
import { useNotes } from './notes.ts';
import { useScans } from './scans.ts';
import { usePage } from './store.ts';

const NEAR_MISSES = 8;

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
    partners,
    about,
    label: notes[feature]?.label.text ?? '',
    note: notes[feature]?.note.text ?? '',
    explanations: explanations[feature] ?? [],
    link: await link(),
    made: Date.now(),
  };
}
