import { type ScanAccumulator, UNUSED } from '../../analysis/scan/accumulator.ts';
import type { ScanFacts } from '../../analysis/scan/scan-file.ts';
import type { Corpus, CorpusReference } from '../../corpus/corpus.ts';
import { openCorpus } from '../../corpus/open.ts';
import { sha256Text } from '../../library/digest.ts';
import { SEED_LIMIT } from '../../storyworld/generate.ts';
import { FacetError } from '../../shared/errors.ts';
import type { LoadedDictionary, OpenedModelState } from '../opened-model.ts';
import type { ScanDump, ScanStatistics } from '../scan-protocol.ts';

/** @throws FacetError `bad-input` without one */
export function dictionaryOf({ current }: OpenedModelState): LoadedDictionary {
  if (current) return current;
  throw new FacetError('bad-input', 'No dictionary is open.', { hint: 'Choose one first.' });
}

const MOST_ITEMS = 5_000_000;

/** @throws FacetError `bad-input` for numbers out of range, and as `openCorpus` */
export function openTexts(reference: CorpusReference): Promise<Corpus> {
  if (reference.kind === 'storyworld') {
    const { seed, items } = reference;
    const fits = Number.isInteger(items) && items >= 1 && items <= MOST_ITEMS;
    if (!fits || !Number.isInteger(seed) || seed < 0 || seed >= SEED_LIMIT)
      throw new FacetError(
        'bad-input',
        `Storyworld has 1 to ${MOST_ITEMS} texts of a seed from 0 to ${SEED_LIMIT - 1}.`,
      );
  }
  return openCorpus(reference);
}

/** What a scan is named by. Its id is a digest of that: no name from outside becomes a file name. */
export function scanFacts(opened: OpenedModelState, { info }: LoadedDictionary, corpus: Corpus): ScanFacts {
  const { id, name, items, metadata } = corpus;
  const storage = opened.model.weights.matrix('embed.W_E').parts[0]!.dtype;
  const parts = [id, opened.info.digest, info.digest, storage];
  return {
    id: sha256Text(parts.join('\n')).slice(0, 32),
    corpus: { id, name, items, metadata: [...metadata] },
    model: opened.info.id,
    modelDigest: opened.info.digest,
    dictionary: info.id,
    dictionaryDigest: info.digest,
    storage,
  };
}

/** A record of what a scan has found, with copies of what is small. */
export function statisticsOf(
  facts: ScanFacts,
  scan: ScanAccumulator,
  tokenText: (id: number) => string,
): ScanStatistics {
  const { id, corpus, model, modelDigest, dictionary, dictionaryDigest } = facts;
  const { count, sum, max, histogram, top, bestId } = scan.arrays;
  const { cursor, tokens, longItems, unreadable } = scan.figures;
  const { bins, perFeature } = scan.layout;
  return {
    id,
    corpus,
    model,
    modelDigest,
    dictionary,
    dictionaryDigest,
    items: cursor.item,
    tokens,
    longItems,
    unreadable,
    count: count.slice(),
    sum: sum.slice(),
    max: max.slice(),
    bins,
    edges: scan.edges.slice(),
    histogram: histogram.slice(),
    topTokens: Array.from(bestId, (token, feature) =>
      top.item[feature * perFeature] === UNUSED ? '' : tokenText(token),
    ),
  };
}

export function dumpOf(facts: ScanFacts, scan: ScanAccumulator, tokenText: (id: number) => string): ScanDump {
  const { perFeature, perStratum, bins } = scan.layout;
  const { top, strata } = scan.arrays;
  return {
    ...statisticsOf(facts, scan, tokenText),
    top: { perFeature, ...copied(top) },
    strata: { perFeature: bins * perStratum, perStratum, ...copied(strata) },
  };
}

const copied = ({ item, token, value }: ScanAccumulator['arrays']['top']) => ({
  item: item.slice(),
  token: token.slice(),
  value: value.slice(),
});
