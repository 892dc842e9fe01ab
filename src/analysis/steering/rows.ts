import type { Scope } from './intervention.ts';
import type { PassRows } from './steering.ts';

/** Whether an intervention acts on a row of a pass. @param t index into the pass's rows */
export function isInScope(scope: Scope, pass: PassRows, t: number): boolean {
  const row = pass.rows[t]!;
  const isText = !pass.special[t];
  switch (scope.kind) {
    case 'all':
      return true;
    case 'text':
      return isText;
    case 'special':
      return !isText;
    case 'prompt':
      return isText && row < pass.promptRows;
    case 'generated':
      return isText && row >= pass.promptRows;
    case 'rows':
      return scope.ranges.some(([first, last]) => row >= first && row <= last);
  }
}

/** A text's activations that rows of another are replaced by. */
export interface PatchSource {
  /** [S] its rows that are not text. */
  special: readonly boolean[];
  align: 'start' | 'end';
}

/**
 * The source's row that takes the place of a pass's row: the one as far from the first row, or from the last of the
 * prompt. Rows that are not text, whose activations are like no other's, match only such rows.
 */
export function matchedRow({ special, align }: PatchSource, pass: PassRows, t: number): number | undefined {
  const row = pass.rows[t]! + (align === 'end' ? special.length - pass.promptRows : 0);
  return special[row] === pass.special[t] ? row : undefined;
}
