import { usePage } from '../../state/store.ts';

/** Where the numbers on screen come from, in one line, for every exported figure. */
export function provenance(): string {
  const { analysis } = usePage.getState();
  if (!analysis) return 'Facet';
  const { model, modelDigest, dictionary, dictionaryDigest, windowTokens } = analysis;
  const named = (id: string, digest: string): string => `${id} (${digest.slice(0, 8)})`;
  return [
    named(model, modelDigest),
    dictionary && named(dictionary, dictionaryDigest),
    `${windowTokens} tokens`,
    'Facet',
  ]
    .filter(Boolean)
    .join(' · ');
}
