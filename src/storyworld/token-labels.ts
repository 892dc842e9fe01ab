import type { Item, Labels } from './types.ts';

/**
 * The labels of each token of an item. A token takes the labels of the piece that holds its first code unit that is not
 * white space (its first code unit, when it is all white space).
 * @param tokens spans in code units of `item.text`, in order
 * @returns one record per token; `{}` for a token that lies outside the text
 */
export function labelTokens(item: Item, tokens: readonly { start: number; end: number }[]): Labels[] {
  let span = 0;
  return tokens.map(({ start, end }) => {
    let at = start;
    while (at < end - 1 && /\s/.test(item.text[at] ?? '')) at += 1;
    while (span > 0 && item.spans[span]!.start > at) span -= 1;
    while (span < item.spans.length - 1 && item.spans[span]!.end <= at) span += 1;
    const found = item.spans[span];
    return found && found.start <= at && at < found.end ? found.labels : {};
  });
}
