import { FacetError } from '../../shared/errors.ts';
import { Rng } from '../../storyworld/index.ts';
import type { CorpusText, Reading } from './corpus.ts';

/** Tokens before the repetition, and texts, when the caller has no wish. */
const LENGTH = 50;
const TEXTS = 8;

/**
 * Random tokens, then the same again: the only thing to go by is what followed a token the first time. No token occurs
 * twice in the first half, where the vocabulary is large enough.
 * @source Olsson et al. 2022, arXiv:2209.11895; `transformer_lens.head_detector` and its demos use the same probe
 * @throws FacetError `unsupported` when two tokens do not fit twice, or the vocabulary has no two tokens
 */
export function repeatedTexts(
  { tokenizer, prefix, rows }: Reading,
  { count = TEXTS, seed = 1, length = LENGTH }: { count?: number; seed?: number; length?: number } = {},
): CorpusText[] {
  const first = new Set(prefix.map(({ id }) => id));
  const vocabulary = Array.from({ length: tokenizer.textVocabSize }, (_, id) => id).filter(
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
    })); // prettier-ignore
    const tokens = [...prefix, ...own];
    return {
      group: 'repeated',
      tokens,
      ids: Uint32Array.from(tokens, ({ id }) => id),
      prefix: prefix.length,
    };
  });
}
