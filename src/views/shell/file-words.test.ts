import { expect, test } from 'vitest';
import type { ImportReport } from '../../state/notes-import.ts';
import { importWords, sessionWords } from './file-words.ts';

const nothing: ImportReport = {
  of: [],
  notes: { added: 0, changed: 0, kept: 0, replaced: 0 },
  explanations: { added: 0, known: 0, left: 0 },
  outside: 0,
  skipped: 0,
  first: [],
};

test('an import says what came in, what gave way and what was left out', () => {
  expect(
    importWords({
      ...nothing,
      notes: { added: 2, changed: 1, kept: 3, replaced: 1 },
      explanations: { added: 1, known: 0, left: 0 },
    }),
  ).toEqual([
    '6 notes: 2 new, 1 newer than yours, 3 the same or older.',
    '1 text that gave way to a newer one is kept among the explanations.',
  ]);
  expect(
    importWords({
      ...nothing,
      explanations: { added: 1200, known: 3, left: 1 },
      outside: 1,
      skipped: 2,
      first: [{ row: 4, why: 'It is not JSON\n.' }],
      warning: 'They are of x.',
    }),
  ).toEqual([
    '1,200 explanations added, 3 here already.',
    '1 explanation found no room.',
    '1 explanation of features this dictionary does not have was left out.',
    '2 rows could not be used (row 4: It is not JSON↵.; …).',
    'Take care: They are of x.',
  ]);
  expect(importWords({ ...nothing, feature: 5 })).toEqual([
    'Feature 5 is shown on its page, beside what is measured here.',
  ]);
});

test('a session says what it rests on that is not here', () => {
  expect(
    sessionWords({
      notes: nothing,
      recipes: { added: 1, known: 4, left: 0 },
      missing: {
        corpora: [{ id: 'own-1', name: 'mine.txt', items: 1 }],
        scans: [
          {
            corpus: 'c',
            corpusName: 'mine.txt',
            model: 'm',
            dictionary: 'd',
            items: 1,
            totalItems: 1,
            tokens: 1,
          },
        ],
      },
    }),
  ).toEqual([
    'The session is open.',
    '1 recipe added.',
    'Not on this device: mine.txt (1 text). Add the same files under Prompts, and they are found again.',
    'Not read here, or not as far: mine.txt with d. Reading the same texts gives the same figures.',
  ]);
});
