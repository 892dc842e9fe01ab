import type { ImportReport } from '../../state/notes-import.ts';
import type { SessionReport } from '../../state/session.ts';
import { formatCount } from '../shared/format.ts';
import { readableText } from '../shared/visible-text.ts';

const counted = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`;
const LISTED = 5;

/** What came in with a file of notes, explanations or a feature. */
export function importWords(report: ImportReport): string[] {
  const { notes, explanations, outside, skipped, first, feature, warning } = report;
  const lines: string[] = [];
  const all = notes.added + notes.changed + notes.kept;
  if (all > 0) {
    lines.push(
      `${counted(all, 'note')}: ${formatCount(notes.added)} new, ${formatCount(notes.changed)} newer than yours, ${formatCount(notes.kept)} the same or older.`,
    );
  }
  if (notes.replaced > 0)
    lines.push(
      `${counted(notes.replaced, 'text')} that gave way to a newer one ${notes.replaced === 1 ? 'is' : 'are'} kept among the explanations.`,
    );
  const { added, known, left } = explanations;
  // Those that gave way were counted already.
  if (added + known + left > notes.replaced || (all === 0 && feature === undefined))
    lines.push(
      `${counted(added, 'explanation')} added${known > 0 ? `, ${formatCount(known)} here already` : ''}.`,
    );
  if (left > 0) lines.push(`${counted(left, 'explanation')} found no room.`);
  if (feature !== undefined)
    lines.push(`Feature ${feature} is shown on its page, beside what is measured here.`);
  if (outside > 0)
    lines.push(
      `${counted(outside, 'explanation')} of features this dictionary does not have ${outside === 1 ? 'was' : 'were'} left out.`,
    );
  if (skipped > 0) {
    const why = first.slice(0, LISTED).map((one) => `row ${one.row}: ${readableText(one.why)}`);
    lines.push(
      `${counted(skipped, 'row')} could not be used (${why.join('; ')}${skipped > why.length ? '; …' : ''}).`,
    );
  }
  if (warning !== undefined) lines.push(`Take care: ${readableText(warning)}`);
  return lines;
}

/** What came in with a session, and what it rests on that is not here. */
export function sessionWords({ notes, recipes, missing }: SessionReport): string[] {
  const lines = ['The session is open.', ...(notes.of.length > 0 ? importWords(notes) : [])];
  if (recipes.added > 0) lines.push(`${counted(recipes.added, 'recipe')} added.`);
  if (recipes.left > 0) lines.push(`${counted(recipes.left, 'recipe')} found no room.`);
  const named = (names: string[]): string =>
    `${names.slice(0, LISTED).map(readableText).join(', ')}${names.length > LISTED ? ', …' : ''}`;
  if (missing.corpora.length > 0)
    lines.push(
      `Not on this device: ${named(missing.corpora.map(({ name, items }) => `${name} (${counted(items, 'text')})`))}. Add the same files under Prompts, and they are found again.`,
    );
  if (missing.scans.length > 0)
    lines.push(
      `Not read here, or not as far: ${named(missing.scans.map(({ corpusName, dictionary }) => `${corpusName} with ${dictionary}`))}. Reading the same texts gives the same figures.`,
    );
  return lines;
}
