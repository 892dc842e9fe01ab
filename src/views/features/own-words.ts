import { useCallback, useEffect } from 'react';
import { labelOf, useNotes } from '../../state/notes.ts';

export interface OwnWords {
  label: string;
  note: string;
}

/** What the visitor, or an explanation from elsewhere, calls features of the open dictionary; changes when that does. */
export function useOwnWords(): (feature: number) => OwnWords | undefined {
  const notes = useNotes((state) => state.notes);
  const explanations = useNotes((state) => state.explanations);
  const want = useNotes((state) => state.want);
  useEffect(() => want(), [want]);
  return useCallback(
    (feature) => {
      const note = notes[feature]?.note.text ?? '';
      const label = labelOf(feature)({ ...useNotes.getState(), notes, explanations }) ?? '';
      return label || note ? { label, note } : undefined;
    },
    [notes, explanations],
  );
}
