import { matching, type Recogniser } from './recogniser.ts';

/** Parts of a Python function with its docstring. */
export const code: readonly Recogniser[] = [
  matching(
    ['argument', 'Argument', 'The name of an argument of a function.'],
    /(?<=\bdef \w+\((?:\w+, ?)*|:param |^ {4}return )(?!self\b)([a-z]+)/gm,
  ),
  matching(
    ['keyword', 'Keyword', 'def, self, param or return.'],
    /\bdef\b|\bself\b|(?<=:)param\b|(?<=^ {4})return\b/gm,
  ),
  matching(
    ['note', 'Note on an argument', 'What a docstring says of an argument.'],
    /(?<=:param \w+:) [^\n]+/g,
  ),
  matching(
    ['parameter', 'Documented argument', 'An argument where the docstring describes it.'],
    /(?<=:param )[a-z]+/g,
  ),
];
