import { labels as answerKey } from './labels.ts';
import type { Item, Labels } from './types.ts';

/**
 * The labels of each token of an item. A token takes the labels of the piece that holds its first code unit that is not
 * white space (its first code unit, when it is all white space).
 * @param tokens spans in code units of `item.text`, in any order; the part of a span outside the text is ignored
 * @returns one record per token, not shared with the item; `{}` for a token that covers no text (a special token)
 */
export function labelTokens(item: Item, tokens: readonly { start: number; end: number }[]): Labels[] {
  let span = 0;
  return tokens.map(({ start, end }) => {
    const from = Math.max(0, start);
    const to = Math.min(end, item.text.length);
    if (!(from < to)) return {};
    const skipped = item.text.slice(from, to).search(/\S/);
    const at = skipped < 0 ? from : from + skipped;
    while (span > 0 && item.spans[span]!.start > at) span -= 1;
    while (item.spans[span]!.end <= at) span += 1;
    return { ...item.spans[span]!.labels };
  });
}

const references: ReadonlySet<string> = new Set(
  answerKey.filter(({ uses }) => Object.values(uses).some((use) => 'earlier' in use)).map(({ name }) => name),
);

/** Whether the values of a label name places of the text, so that each text has its own. */
export const isReference = (name: string): boolean => references.has(name);

/** What a token can be told to be: `name=value` for each of its labels, but those that name a place of the text. */
export function labelPairs(labels: Labels): string[] {
  return Object.entries(labels)
    .filter(([name]) => !isReference(name))
    .map(([name, value]) => `${name}=${value}`);
}
