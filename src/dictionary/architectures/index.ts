import { FacetError } from '../../shared/errors.ts';
import type { Architecture } from './architecture.ts';
import { batchtopk } from './batchtopk.ts';
import { gated } from './gated.ts';
import { groupmax } from './groupmax.ts';
import { jumprelu } from './jumprelu.ts';
import { standard } from './standard.ts';
import { topk } from './topk.ts';

/** Every architecture Facet computes. Adding one is one file and one entry here. */
export const architectures: readonly Architecture[] = [topk, standard, jumprelu, gated, batchtopk, groupmax];

/** @throws FacetError `unsupported` naming the architecture */
export function architectureOf(id: string): Architecture {
  const found = architectures.find((architecture) => architecture.id === id);
  if (found) return found;
  throw new FacetError('unsupported', `Dictionaries of the architecture "${id}" cannot be read yet.`, {
    hint: `Supported: ${architectures.map((architecture) => architecture.id).join(', ')}.`,
  });
}
