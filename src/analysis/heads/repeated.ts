import { FacetError } from '../../shared/errors.ts';
import { Rng } from '../../storyworld/index.ts';
import type { CorpusText, OpenCorpus, Reading } from './corpus.ts';

/** Tokens before the repetition, and texts, when the caller has no wish. */
const LENGTH = 50;
const TEXTS = 8;
/** Texts of a corpus whose tokens are drawn from, and how many different ones are needed for that. */
const LOOKED_AT = 64;
const ENOUGH = 100;

/** Different tokens of the first texts of a corpus, in order of ids; undefined for a corpus of few. */
export function tokensOf(corpus: OpenCorpus): number[] | undefined {
  const found = new Set<number>();
  for (let i = 0; i < Math.min(LOOKED_AT, corpus.count); i++) {
    const { ids, prefix } = corpus.text(i);
    for (const id of ids.subarray(prefix)) found.add(id);
  }
  return found.size < ENOUGH ? undefined : [...found].sort((a, b) => a - b);
}

/**
 * Random tokens, then the same again: the only thing to go by is what followed a token the first time. No token occurs
 * twice in the first half, where there are enough of them. A small model matches only tokens that it knows well, hence `among`.
 * @source Olsson et al. 2022, arXiv:2209.11895; `transformer_lens.head_detector` and its demos use the same probe
 * @throws FacetError `unsupported` when two tokens do not fit twice, or the vocabulary has no two tokens
 */
export function repeatedTexts(
  { tokenizer, prefix, rows }: Reading,
  {
    among,
    count = TEXTS,
    seed = 1,
    length = LENGTH,
  }: { among?: readonly number[]; count?: number; seed?: number; length?: number } = {},
): CorpusText[] {
  const first = new Set(prefix.map(({ id }) => id));
  const all = among ?? Array.from({ length: tokenizer.textVocabSize }, (_, id) => id);
  const vocabulary = all.filter(
    (id) => !tokenizer.isSpecial(id) && !first.has(id) && tokenizer.bytes(id) !== undefined,
  );
  const half = Math.min(length, Math.floor((rows - prefix.length) / 2), vocabulary.length);
  if (half < 2)
    throw new FacetError('unsupported', 'The context is too short for a sequence and its repetition.');
  return Array.from({ length: count }, (_, index) => {
    const rng = new Rng(seed, index);
    const chosen = rng.sample(vocabulary, half);
    const own = [...chosen, ...chosen].map((id) => ({
      id, text: tokenizer.text(id), start: 0, end: 0, part: 0, ofParts: 1, special: false,
    })); // oxfmt-ignore
    const tokens = [...prefix, ...own];
    return {
      group: 'repeated',
      tokens,
      ids: Uint32Array.from(tokens, ({ id }) => id),
      prefix: prefix.length,
    };
  });
}
