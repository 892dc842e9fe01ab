import { useEffect } from 'react';
import { labelOf, useNotes } from '../../state/notes.ts';
import { readableText } from './visible-text.ts';

/** What the visitor, or an imported explanation, calls a feature of the open dictionary; nothing where neither does. */
export function OwnLabel({ feature }: { feature: number }) {
  const label = useOwnLabel(feature);
  return label ? <bdi className="own-label">{readableText(label)} </bdi> : null;
}

export function useOwnLabel(feature: number): string | undefined {
  const want = useNotes((state) => state.want);
  useEffect(want, [want]);
  return useNotes(labelOf(feature));
}
