import { intervalPlaces, type Place, topPlaces } from '../../analysis/scan/examples.ts';
import { type FeatureRows, featureRows, nearMisses, valuesOf } from '../../analysis/scan/near-miss.ts';
import { placeHash } from '../../analysis/scan/place-hash.ts';
import type { ScanState } from '../../analysis/scan/scan-state.ts';
import { FacetError } from '../../shared/errors.ts';
import type { LoadedDictionary } from '../opened-model.ts';
import type { ExampleGroup, ScanExample, ScanExamples, ScanExamplesRequest } from '../scan-protocol.ts';
import type { Session } from '../session.ts';
import { type ScanAtHand, scanAtHand } from './at-hand.ts';
import { currentDictionary, readEncoder, readWindowsAt, type ReadWindow } from './windows-read.ts';

const MOST = { top: 100, intervals: 50, perInterval: 20, nearMisses: 100 };
const DEFAULT = { top: 20, intervals: 10, perInterval: 5, nearMisses: 0 };
/** Texts that near misses are looked for in besides those of the examples: the same for every feature. */
const OTHER_TEXTS = 32;

/** See `ScanApi.examples`. @throws FacetError `not-found` when nothing was read, `bad-input` */
export async function readExamples(session: Session, request: ScanExamplesRequest): Promise<ScanExamples> {
  const asked = checked(request);
  const { feature } = request;
  const { info } = currentDictionary(session, feature);
  const scan = await scanAtHand(session, request.corpus);
  // At once: the figures grow on while the scan is read further.
  const chosen = choosePlaces(scan.state, feature, asked);
  return session.opened.withDictionaries([info.id], session.context, async ([loaded]) => {
    const all = chosen.flatMap(({ places }) => places);
    const windows = await readWindowsAt(session, scan.corpus, loaded!, all);
    let next = 0;
    const groups = chosen.map(({ group, places }): ExampleGroup => ({
      ...group,
      examples: places.map(({ token }) => {
        const window = windows[next++]!;
        const values = valuesOf(window.codes, feature);
        const row = token - window.first + window.prefix;
        return example(window, values, row, values[row]!);
      }),
    }));
    if (asked.nearMisses > 0)
      groups.push(await readNearMisses(session, scan, loaded!, { feature, most: asked.nearMisses, windows }));
    return { feature, statistics: scan.facts.id, groups };
  });
}

interface ChosenPlaces {
  group: Omit<ExampleGroup, 'examples'>;
  places: Place[];
}

function choosePlaces(state: ScanState, feature: number, asked: typeof DEFAULT): ChosenPlaces[] {
  const top = topPlaces(state, feature, asked.top);
  const [high, count] = [state.max[feature]!, state.count[feature]!];
  const group = { kind: 'top' as const, low: 0, high, share: 1, count, exact: true };
  return [
    ...(top.length > 0 ? [{ group, places: top }] : []),
    ...intervalPlaces(state, feature, asked, placeHash).map(({ places, ...interval }) => ({
      group: { kind: 'interval' as const, ...interval },
      places,
    })),
  ];
}

function checked(request: ScanExamplesRequest): typeof DEFAULT {
  const asked = { ...DEFAULT };
  for (const name of ['top', 'intervals', 'perInterval', 'nearMisses'] as const) {
    const value = request[name] ?? DEFAULT[name];
    if (!Number.isInteger(value) || value < 0 || value > MOST[name])
      throw new FacetError('bad-input', `${name} must be a whole number up to ${MOST[name]}, not ${value}.`);
    asked[name] = value;
  }
  return asked;
}

function example(window: ReadWindow, values: Float32Array, row: number, value: number): ScanExample {
  const { item, metadata, first, prefix, tokens, text } = window;
  return {
    item,
    metadata,
    tokens: tokens.map((token) => token.text),
    first,
    text,
    values: values.slice(prefix),
    at: row - prefix,
    value,
  };
}

async function readNearMisses(
  session: Session,
  { corpus, state }: ScanAtHand,
  loaded: LoadedDictionary,
  { feature, most, windows }: { feature: number; most: number; windows: readonly ReadWindow[] },
): Promise<ExampleGroup> {
  const others = Math.min(OTHER_TEXTS, state.items);
  const spread = Array.from({ length: others }, (_, i) => ({
    item: Math.floor(((i + 0.5) * state.items) / others),
    token: 0,
  }));
  const more = await readWindowsAt(session, corpus, loaded, spread);
  const searched = [...new Set([...windows, ...more])];
  const encoder = await readEncoder(session, loaded.dictionary, feature);
  const rows = searched.map((window): FeatureRows & { item: number; prefix: number } => ({
    ...featureRows(loaded.dictionary, window, feature, encoder),
    item: window.item,
    prefix: window.prefix,
  }));
  const found = nearMisses(rows, most);
  const tokens = rows.reduce((sum, { values, prefix }) => sum + values.length - Math.max(1, prefix), 0);
  return {
    kind: 'near-miss',
    low: found.at(-1)?.would ?? NaN,
    high: found[0]?.would ?? NaN,
    share: NaN,
    count: NaN,
    exact: true,
    searched: { windows: searched.length, tokens },
    examples: found.map(({ window, row, would, bar }) => ({
      ...example(searched[window]!, rows[window]!.values, row, would),
      bar,
    })),
  };
}
