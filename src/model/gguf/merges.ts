/** Longer pieces are not reached by merges; a hostile one of megabytes would have as many ways to be cut. */
const LONGEST_PIECE = 64;

/**
 * The merges that a SentencePiece BPE vocabulary implies: every way to cut a piece into two pieces, best piece first and
 * of one piece the longest left part first.
 * @param pieces by id; `undefined` for those that text never becomes, such as control tokens and bytes
 * @param scores higher is merged earlier
 * @source transformers `generate_merges`
 */
export function mergesOf(
  pieces: readonly (string | undefined)[],
  scores: ArrayLike<number>,
): [string, string][] {
  const known = new Set(pieces);
  const order = [...pieces.keys()].sort((a, b) => scores[b]! - scores[a]! || a - b);
  const merges: [string, string][] = [];
  for (const id of order) {
    const piece = pieces[id];
    if (piece === undefined || piece.length > LONGEST_PIECE) continue;
    for (let cut = piece.length - 1; cut > 0; cut--) {
      const left = piece.slice(0, cut);
      if (!known.has(left)) continue;
      const right = piece.slice(cut);
      if (known.has(right)) merges.push([left, right]);
    }
  }
  return merges;
}
