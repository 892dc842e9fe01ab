import { findTogether, type FittingPlace } from '../../analysis/search/together.ts';
import type { SparseCodes } from '../../dictionary/codes.ts';
import type { Corpus } from '../../corpus/corpus.ts';
import type { LoadedDictionary } from '../opened-model.ts';
import type { Progress, TogetherExample, TogetherExamples, TogetherRequest } from '../protocol.ts';
import { scanAtHand } from '../scan/at-hand.ts';
import type { Session } from '../session.ts';
import { checkFeatures, checkSearch } from './asked.ts';
import { withCurrent } from './current.ts';
import { readPart, windowsOf } from './windows.ts';

/** See `SearchApi.together`. @throws FacetError `bad-input`, `not-found` when nothing of the corpus was read, `cancelled` */
export async function searchTogether(
  session: Session,
  request: TogetherRequest,
  onProgress: (progress: Progress) => void,
): Promise<TogetherExamples> {
  checkSearch('together', request);
  return withCurrent(session, async (current) => {
    checkFeatures([...request.all, ...request.none], current.info.dSae);
    const { corpus, state } = await scanAtHand(session, request.corpus);
    const { looked, places } = findTogether(state.sample, request);
    const examples: TogetherExample[] = [];
    const total = Math.min(request.most, places.length);
    for (const place of places) {
      if (examples.length >= request.most) break;
      const example = await readPlace(session, { current, corpus, place }, request);
      if (example) examples.push(example);
      onProgress({ phase: 'scan', what: 'examples', done: examples.length, total, unit: 'steps' });
    }
    return { looked, fitting: places.length, examples };
  });
}

interface PlaceIn {
  current: LoadedDictionary;
  corpus: Corpus;
  place: FittingPlace;
}

/** @returns undefined for a text in which, read in full, one of `none` fires */
async function readPlace(
  session: Session,
  { current, corpus, place: { item, token } }: PlaceIn,
  { within, all, none }: TogetherRequest,
): Promise<TogetherExample | undefined> {
  const [read] = await corpus.read(item, 1);
  if (!read) return undefined;
  const windows = windowsOf(session, session.split(read.text).tokens, current.info.prefix);
  const window = windows.find(({ first, tokens }) => token >= first && token < first + tokens.length);
  if (!window) return undefined;
  let found: TogetherExample | undefined;
  // Another feature may fire elsewhere in the text.
  for (const part of within === 'text' && none.length > 0 ? windows : [window]) {
    const { codes, prefix } = await readPart(session, [current], part);
    const values = (feature: number): Float32Array => valuesOf(codes[0]!, feature, prefix);
    if (within === 'text' && none.some((feature) => values(feature).some((value) => value > 0)))
      return undefined;
    if (part !== window) continue;
    const each = all.map(values);
    const at = token - window.first;
    found = {
      item,
      metadata: read.metadata,
      tokens: window.tokens.map(({ text }) => text),
      first: window.first,
      text: read.text.slice(window.tokens[0]!.start, window.tokens.at(-1)!.end),
      values: each[0]!,
      at,
      value: each[0]![at]!,
      all: each,
    };
  }
  return found;
}

/** [tokens] a feature's values, row 0 of the window left out. */
function valuesOf({ offsets, indices, values }: SparseCodes, feature: number, prefix: number): Float32Array {
  const own = new Float32Array(offsets.length - 1 - prefix);
  for (let row = Math.max(1, prefix); row < offsets.length - 1; row++) {
    for (let e = offsets[row]!; e < offsets[row + 1]!; e++)
      if (indices[e] === feature) own[row - prefix] = values[e]!;
  }
  return own;
}
