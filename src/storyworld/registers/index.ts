import type { RegisterId } from '../types.ts';
import { agreement } from './agreement.ts';
import { docstrings } from './docstrings.ts';
import { greaterThan } from './greater-than.ts';
import { indirectObject } from './indirect-object.ts';
import { quotes } from './quotes.ts';
import type { Register } from './register.ts';
import { repeats } from './repeats.ts';
import { stories } from './stories.ts';

/** Every kind of text of the language; adding one is a file here, its id in `types.ts` and a line in this list. */
export const registers: readonly Register[] = [
  stories,
  indirectObject,
  greaterThan,
  repeats,
  agreement,
  quotes,
  docstrings,
];

export function registerOf(id: RegisterId): Register {
  const found = registers.find((register) => register.id === id);
  if (!found)
    throw new RangeError(
      `no register "${id}"; there are ${registers.map((register) => register.id).join(', ')}`,
    );
  return found;
}
