/** What a corpus may hold. Everything from outside is cut or refused here before anything is allocated for it. */

/** Of one text, UTF-16 units. A longer one is skipped and counted: cut, it would be another text than its source's. */
export const TEXT_UNITS = 2_000_000;
/** Of one line or row of a source with fields, UTF-16 units. */
export const ROW_UNITS = 1 << 24;
/** Of one with quotes in it: when no end is found until then, a quote is taken to be never closed. */
export const QUOTED_UNITS = 1 << 22;
/** Of one JSON value: a text of the longest length with many escapes. */
export const JSON_UNITS = 3 * TEXT_UNITS;
export const JSON_DEPTH = 100;
export const MOST_ITEMS = 5_000_000;
/** Columns or fields that are listed, and that are kept as metadata. */
export const MOST_FIELDS = 1_000;
export const NAME_UNITS = 200;
export const VALUE_UNITS = 1_000;
export const SKIPPED_LISTED = 100;
/** Of the source, for a preview and to find out how it is written. */
export const HEAD_BYTES = 4_000_000;
export const PREVIEW_ITEMS = 20;
/** Rows by which format and field are judged. */
export const JUDGED_ROWS = 200;
/** Of the browser's storage, left free. */
export const RESERVE_BYTES = 20_000_000;
/** Of one item in the files that are kept: a text in UTF-8, or its metadata with escapes. */
export const ITEM_BYTES = 8_000_000;

/** At most `most` units, with a mark where more stood; no character is cut in two. */
export function cut(text: string, most: number): string {
  return text.length <= most
    ? text
    : `${text
        .slice(0, most - 1)
        .toWellFormed()
        .replace(/\ufffd$/, '')}…`;
}
