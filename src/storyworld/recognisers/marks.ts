import { matching, type Recogniser, type Stretch } from './recogniser.ts';

const PAIRS: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/** Stretches in at least `depth` brackets, brackets included. One that stands on a word, as a function's, is none. */
function bracketed(text: string, depth: number): Stretch[] {
  const found: Stretch[] = [];
  const open: { closing: string; at: number }[] = [];
  for (let at = 0; at < text.length; at++) {
    const unit = text[at]!;
    const closing = PAIRS[unit];
    if (closing && (at === 0 || /\s/.test(text[at - 1]!))) open.push({ closing, at });
    else if (open.at(-1)?.closing === unit) {
      const { at: start } = open.pop()!;
      if (open.length === depth - 1) found.push([start, at + 1]);
    } else if (unit === '.') open.length = 0;
  }
  const outermost = open[depth - 1];
  return outermost ? [...found, [outermost.at, text.length]] : found;
}

/** Stretches between quotation marks, marks included; a mark that is never closed counts to its sentence's end. */
function quoted(text: string): Stretch[] {
  return Array.from(text.matchAll(/(?<!")"(?!")[^".\n]*"?/g), ({ 0: all, index }) => [
    index,
    index + all.length,
  ]);
}

function inside(id: string, title: string, meaning: string, find: (text: string) => Stretch[]): Recogniser {
  return { id, title, meaning, find: ({ text }) => find(text) };
}

/** Quotes, brackets, punctuation. */
export const marks: readonly Recogniser[] = [
  inside('quoted', 'In quotes', 'Between double quotation marks, marks included.', quoted),
  matching(
    ['quoted-twice', 'In inner quotes', 'Between single quotation marks inside others.'],
    / '[^'".]*'?/g,
  ),
  inside('bracketed', 'In brackets', 'Between brackets, brackets included.', (text) => bracketed(text, 1)),
  inside('bracketed-deep', 'In two brackets', 'At least two brackets deep.', (text) => bracketed(text, 2)),
  matching(['bracket-open', 'Opens a bracket', 'An opening bracket of any kind.'], /(?:^|\s)([([{])/g),
  matching(['bracket-close', 'Closes a bracket', 'A closing bracket of any kind.'], /\s([)\]}])/g),
  matching(['bracket-round', 'Closes (', 'A closing round bracket.'], /\s(\))/g),
  matching(['bracket-square', 'Closes [', 'A closing square bracket.'], /\s(\])/g),
  matching(['bracket-curly', 'Closes {', 'A closing curly bracket.'], /\s(\})/g),
  matching(['full-stop', 'Full stop', 'A full stop.'], /\./g),
  matching(['comma', 'Comma', 'A comma.'], /,/g),
  matching(['semicolon', 'Semicolon', 'A semicolon, as between the copies of a sequence.'], /;/g),
  matching(['newline', 'Line break', 'An end of a line.'], /\n/g),
];
