import { coFiring, FiringTokens, MOST_ENTRIES, MOST_PAIRS } from '../../analysis/search/co-firing.ts';
import { nearestRows } from '../../analysis/search/nearest-rows.ts';
import type { CorpusReference } from '../../corpus/corpus.ts';
import { openCorpus } from '../../corpus/open.ts';
import { FacetError } from '../../shared/errors.ts';
import type { LoadedDictionary } from '../opened-model.ts';
import type { CoFiring, DictionaryMatch, MatchRequest, Progress } from '../protocol.ts';
import type { Session } from '../session.ts';
import { checkSearch } from './asked.ts';
import { withCurrent } from './current.ts';
import { readPart, windowsOf } from './windows.ts';

const ITEMS = 100;
const ITEMS_AT_ONCE = 16;

/** See `SearchApi.match`. @throws FacetError `bad-input`, `mismatch`, `cancelled`, and what loading the other throws */
export async function matchDictionaries(
  session: Session,
  request: MatchRequest,
  onProgress: (progress: Progress) => void,
): Promise<DictionaryMatch> {
  checkSearch('match', request);
  const { opened, context } = session;
  return withCurrent(session, (own) =>
    opened.withDictionaries([request.other], context, async ([loaded]) => {
      const other = loaded!;
      checkSpace(own, other);
      const turn: Session['turn'] = (work) => session.turn(work);
      const report = (half: number) => (done: number, total: number) =>
      onProgress({ phase: 'scan', what: 'pairs of latents', done: half * total + done, total: 2 * total, unit: 'steps' }); // oxfmt-ignore
      const { gpu } = opened;
      const [mine, theirs] = [own.dictionary, other.dictionary];
      const there = await nearestRows(gpu, mine, theirs, turn, report(0));
      const back = await nearestRows(gpu, theirs, mine, turn, report(1));
      const { corpus, items = ITEMS } = request;
      return {
        dictionary: own.info.id,
        dictionaryDigest: own.info.digest,
        other: other.info.id,
        otherDigest: other.info.digest,
        latents: mine.dSae,
        otherLatents: theirs.dSae,
        ...there,
        backNearest: back.nearest,
        backCosine: back.cosine,
        firing: corpus && (await countTogether(session, own, other, { corpus, items }, onProgress)),
      };
    }),
  );
}

/** Of the residual stream, whatever the layer: directions in one space. */
const RESIDUAL = /hook_(resid_(pre|mid|post)|attn_out|mlp_out)$/;

/** @throws FacetError `mismatch` for dictionaries whose decoder rows are not directions of one space */
function checkSpace(own: LoadedDictionary, other: LoadedDictionary): void {
  const residual = [own, other].every(({ info }) => RESIDUAL.test(info.hookOut));
  const same = own.info.hookOut === other.info.hookOut || residual;
  const alike =
    own.dictionary.dOut === other.dictionary.dOut && own.dictionary.headIndex === other.dictionary.headIndex;
  if (same && alike) return;
  const named = ({ info, dictionary }: LoadedDictionary): string =>
    `${info.title} writes ${dictionary.dOut} values to ${info.hookOut}`;
  throw new FacetError('mismatch', `${named(own)}, ${named(other)}: their directions are not in one space.`, {
    hint: 'Compare dictionaries of one hook, or two of the residual stream.',
  });
}

/** Reads the first items under both dictionaries, until they are done or too many pairs would have to be counted. */
async function countTogether(
  session: Session,
  own: LoadedDictionary,
  other: LoadedDictionary,
  { corpus: reference, items: wanted }: { corpus: CorpusReference; items: number },
  onProgress: (progress: Progress) => void,
): Promise<CoFiring> {
  const corpus = await openCorpus(reference);
  const total = Math.min(wanted, corpus.items);
  const [mine, theirs] = [new FiringTokens(), new FiringTokens()];
  let [items, pairs] = [0, 0];
  // Where something else is read before a text for each, it is read twice, and rows are lined up by token.
  const alike = own.info.prefix === other.info.prefix;
  const longest = Math.max(own.info.prefix, other.info.prefix);
  const shortest = Math.min(own.info.prefix, other.info.prefix);
  const first = Math.max(0, 1 - shortest);
  const full = (): boolean => pairs >= MOST_PAIRS || mine.entries + theirs.entries >= MOST_ENTRIES;
  while (items < total && !full()) {
    const read = await corpus.read(items, Math.min(ITEMS_AT_ONCE, total - items));
    if (read.length === 0) break;
    for (const { text } of read) {
      for (const part of windowsOf(session, session.split(text).tokens, longest)) {
        const [left, right] = alike
          ? (await readPart(session, [own, other], part)).codes
          : [
              (await readPart(session, [own], part)).codes[0]!,
              (await readPart(session, [other], part)).codes[0]!,
            ];
        mine.add(left!, own.info.prefix + first);
        theirs.add(right!, other.info.prefix + first);
        pairs += (left!.indices.length * right!.indices.length) / part.tokens.length;
        if (full()) break;
      }
      items += 1;
      onProgress({ phase: 'scan', what: 'texts under both', done: items, total, unit: 'steps' });
      if (full()) break;
    }
  }
  session.signal.throwIfAborted();
  const found = coFiring(mine, theirs, own.info.dSae, other.info.dSae);
  return { tokens: mine.tokens, items, ...found };
}
