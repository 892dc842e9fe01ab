/** What a visitor wrote about a feature. */
export interface FeatureNote {
  label: DatedText;
  note: DatedText;
}

/** Deleted text is empty, and keeps the time it was deleted. */
export interface DatedText {
  text: string;
  /** Milliseconds since 1970. */
  changed: number;
}

/** UTF-16 code units. */
export const MAX_LABEL = 200;
export const MAX_NOTE = 10_000;

export const NO_NOTE: FeatureNote = { label: { text: '', changed: 0 }, note: { text: '', changed: 0 } };
export const isEmpty = ({ label, note }: FeatureNote): boolean => label.text === '' && note.text === '';

/** The newer of two texts. Of equally old ones the greater, so that every tab comes to the same. */
function newer(a: DatedText, b: DatedText): DatedText {
  if (a.changed !== b.changed) return a.changed > b.changed ? a : b;
  return a.text >= b.text ? a : b;
}

/** Field by field the newest edit, deletions too: what tabs of one browser agree on. */
export const newestOf = (a: FeatureNote, b: FeatureNote): FeatureNote => ({
  label: newer(a.label, b.label),
  note: newer(a.note, b.note),
});

export interface MergedNote {
  note: FeatureNote;
  /** Texts that gave way to another. */
  replaced: { field: 'label' | 'note'; text: string }[];
}

/**
 * A note of a file and one's own: field by field the newest text, what gave way apart. Empty text never wins, so that
 * opening an older copy brings deleted notes back.
 */
export function mergeNotes(own: FeatureNote, other: FeatureNote): MergedNote {
  const replaced: MergedNote['replaced'] = [];
  const merge = (field: 'label' | 'note'): DatedText => {
    const [a, b] = [own[field], other[field]];
    if (b.text === '' || a.text === b.text) return a.text === b.text ? newer(a, b) : a;
    if (a.text === '') return b;
    const wins = newer(a, b);
    replaced.push({ field, text: wins === a ? b.text : a.text });
    return wins;
  };
  return { note: { label: merge('label'), note: merge('note') }, replaced };
}
