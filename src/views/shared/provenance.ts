import { usePage } from '../../state/store.ts';

/** Where the numbers on screen come from, in one line, for every exported figure. */
export function provenance(): string {
  const { opened, analysis } = usePage.getState();
  const parts = [
    opened && `${opened.model.id} (${opened.model.digest.slice(0, 8)})`,
    opened?.dictionary && `${opened.dictionary.id} (${opened.dictionary.digest.slice(0, 8)})`,
    analysis && `${analysis.windowTokens} tokens`,
    'Facet',
  ];
  return parts.filter(Boolean).join(' · ');
}
