import { create } from 'zustand';
import {
  bestExplanation,
  type Explanation,
  explanationKey,
  type Explanations,
} from '../exchange/explanation.ts';
import type { ImportedFeature } from '../exchange/neuronpedia-read.ts';
import { type FeatureNote, isEmpty, MAX_LABEL, MAX_NOTE, newestOf, NO_NOTE } from '../exchange/note.ts';
import type { DictionaryNotes } from '../exchange/notes-file.ts';
import { FacetError } from '../shared/errors.ts';
import type { ImportReport } from './notes-import.ts';
import { type NotesOf, type NotesShelf, theShelf } from './notes-shelf.ts';
import { Slots } from './slots.ts';
import { usePage } from './store.ts';

export interface NotesState {
  /** The dictionary that everything below is of; undefined until notes were wanted. */
  of?: NotesOf;
  loaded: boolean;
  notes: Readonly<Record<number, FeatureNote>>;
  explanations: Explanations;
  /** Features as other pages showed them. */
  features: Readonly<Record<number, ImportedFeature>>;
  /** False: this browser keeps nothing for this page. */
  lasting: boolean;
  saving: boolean;
  failure?: FacetError;
}

interface NotesActions {
  /** Loads what there is of every dictionary that is opened, from now on. */
  want: () => void;
  /** Writes a label or a note, or both. Kept at once; empty text deletes. */
  write: (feature: number, part: { label?: string; note?: string }) => void;
  dropExplanation: (feature: number, explanation: Explanation) => Promise<void>;
  dropFeature: (feature: number) => Promise<void>;
  /** Takes in a file of notes or explanations, or a feature. @throws FacetError `bad-input` */
  take: (file: File) => Promise<ImportReport>;
  /** Takes in notes that were read, of whatever dictionaries. */
  takeAll: (dictionaries: readonly DictionaryNotes[]) => Promise<ImportReport>;
  /** Everything that was written and imported as text, of every dictionary. */
  all: () => Promise<DictionaryNotes[]>;
}

/** What the visitor calls a feature; else what the best imported explanation says. */
export const labelOf =
  (feature: number) =>
  ({ notes, explanations }: NotesState): string | undefined => {
    const own = notes[feature]?.label.text;
    return own ? own : bestExplanation(explanations[feature])?.description;
  };

/** Where edits wait that the page was closed on. */
const UNSAVED = 'facet-notes-unsaved';

interface Edit {
  of: NotesOf;
  feature: number;
  note: FeatureNote;
}

/** Between tabs: a note that was written, or that more has changed. */
type News = { of: NotesOf; feature: number; note: FeatureNote } | { of: NotesOf; reload: true };

export const sameDictionary = (a: NotesOf | undefined, b: NotesOf | undefined): boolean =>
  a?.modelDigest === b?.modelDigest && a?.dictionaryDigest === b?.dictionaryDigest;

/** Own labels and notes, and explanations from elsewhere, of the features of the open dictionary. */
export const useNotes = create<NotesState & NotesActions>()((set, get) => {
  const slots = new Slots<'load'>();
  const unsaved = new Map<string, Edit>();
  const none = { notes: {}, explanations: {}, features: {}, loaded: false };
  let wanted = false;
  let saving = false;
  let channel: BroadcastChannel | undefined;

  function current(): NotesOf | undefined {
    const { opened } = usePage.getState();
    if (!opened?.dictionary) return undefined;
    const { model, dictionary } = opened;
    return {
      model: model.id,
      modelDigest: model.digest,
      dictionary: dictionary.id,
      dictionaryDigest: dictionary.digest,
    };
  }

  async function load(): Promise<void> {
    const of = current();
    const signal = slots.newest('load');
    const same = sameDictionary(of, get().of);
    set(same ? { of } : { of, ...none });
    if (!of) return;
    try {
      const kept = await theShelf();
      await putBack(kept);
      const { notes, ...rest } = await kept.load(of);
      if (signal.aborted) return;
      const { lasting } = kept;
      set({ loaded: true, lasting, ...rest, notes: withNotes(notes, get().notes) });
    } catch (thrown) {
      if (!signal.aborted) set({ failure: FacetError.from(thrown) });
    }
  }

  /** Edits of before the page was closed. */
  async function putBack(kept: NotesShelf): Promise<void> {
    const waiting = waitingEdits();
    if (waiting === undefined) return;
    const { readNotes } = await import('../exchange/notes-file.ts');
    try {
      for (const { notes, explanations: _, ...of } of readNotes(waiting))
        for (const { feature, ...note } of notes) await kept.keepNote(of, feature, note);
    } catch {
      // What is damaged there is of no use.
    }
    localStorage.removeItem(UNSAVED);
  }

  /** Only while the page is closed: until then the shelf is told of every edit at once. */
  function keepWaiting(): void {
    if (unsaved.size === 0) return;
    const edits = [...unsaved.values()].map(({ of, feature, note }) => ({
      ...of,
      notes: [{ feature, ...note }],
      explanations: [],
    }));
    try {
      localStorage.setItem(
        UNSAVED,
        JSON.stringify({ format: 'facet-notes', version: 1, dictionaries: edits }),
      );
    } catch {
      // Storage switched off or full: the shelf may still be done in time.
    }
  }

  async function save(): Promise<void> {
    if (saving) return;
    saving = true;
    set({ saving: true });
    try {
      const kept = await theShelf();
      set({ lasting: kept.lasting });
      for (const [key, edit] of unsaved) {
        const note = await kept.keepNote(edit.of, edit.feature, edit.note);
        hear({ of: edit.of, feature: edit.feature, note });
        tell({ of: edit.of, feature: edit.feature, note });
        // A newer edit of it takes its turn after the others.
        if (unsaved.get(key) === edit) unsaved.delete(key);
      }
      set({ failure: undefined });
    } catch (thrown) {
      set({ failure: FacetError.from(thrown) });
    } finally {
      saving = false;
      set({ saving: false });
    }
  }

  /** Shows what came in, here and in other tabs. */
  async function taken(report: ImportReport): Promise<ImportReport> {
    await load();
    for (const of of report.of) tell({ of, reload: true });
    return report;
  }

  function hear(news: News): void {
    if (!sameDictionary(news.of, get().of)) return;
    if ('reload' in news) void load();
    else set({ notes: withNotes(get().notes, { [news.feature]: news.note }) });
  }

  function tell(news: News): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel has no target
    channel?.postMessage(news);
  }

  return {
    ...none,
    lasting: true,
    saving: false,
    want() {
      if (wanted) return;
      wanted = true;
      usePage.subscribe(() => {
        if (!sameDictionary(current(), get().of)) void load();
      });
      if ('BroadcastChannel' in globalThis) {
        channel = new BroadcastChannel('facet-notes');
        channel.addEventListener('message', ({ data }: MessageEvent<News>) => hear(data));
      }
      globalThis.addEventListener?.('pagehide', keepWaiting);
      void load();
    },
    write(feature, part) {
      const of = get().of ?? current();
      if (!of) return;
      const before = get().notes[feature] ?? NO_NOTE;
      // A clock that was set back, and a file from the future, must not make an edit the older one.
      const changed = Math.max(Date.now(), before.label.changed + 1, before.note.changed + 1);
      const dated = (text: string, most: number) => ({ text: text.slice(0, most).toWellFormed(), changed });
      const note = {
        label: part.label === undefined ? before.label : dated(part.label, MAX_LABEL),
        note: part.note === undefined ? before.note : dated(part.note, MAX_NOTE),
      };
      set({ of, notes: { ...get().notes, [feature]: note } });
      const key = `${of.modelDigest}/${of.dictionaryDigest}/${feature}`;
      // Behind the others, so that a loop over what waits comes to it.
      unsaved.delete(key);
      unsaved.set(key, { of, feature, note });
      void save();
    },
    async dropExplanation(feature, explanation) {
      const { of } = get();
      if (!of) return;
      const key = explanationKey(explanation);
      const kept = await theShelf();
      const explanations = await kept.changeExplanations(of, (before) => ({
        ...before,
        [feature]: (before[feature] ?? []).filter((one) => explanationKey(one) !== key),
      }));
      if (sameDictionary(of, get().of)) set({ explanations });
      tell({ of, reload: true });
    },
    async dropFeature(feature) {
      const { of } = get();
      if (!of) return;
      await (await theShelf()).dropFeature(of, feature);
      await load();
      tell({ of, reload: true });
    },
    async take(file) {
      const [{ takeFile }, kept] = await Promise.all([import('./notes-import.ts'), theShelf()]);
      const dictionary = usePage.getState().opened?.dictionary;
      const of = current();
      return taken(await takeFile(file, kept, of && dictionary && { ...of, ...pick(dictionary) }));
    },
    async takeAll(dictionaries) {
      const [{ takeNotes }, kept] = await Promise.all([import('./notes-import.ts'), theShelf()]);
      return taken(await takeNotes(dictionaries, kept));
    },
    async all() {
      return (await theShelf()).all();
    },
  };
});

const pick = ({ hook, dSae }: { hook: string; dSae: number }) => ({ hook, dSae });

/** The newest of two sets of notes, one by one. */
function withNotes(before: NotesState['notes'], more: NotesState['notes']): Record<number, FeatureNote> {
  const merged = { ...before };
  for (const [feature, note] of Object.entries(more)) {
    const there = merged[Number(feature)];
    merged[Number(feature)] = there ? newestOf(there, note) : note;
  }
  return merged;
}

function waitingEdits(): string | undefined {
  try {
    return localStorage.getItem(UNSAVED) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Features with something written about them, by number. */
export const notedFeatures = ({ notes }: NotesState): number[] =>
  Object.entries(notes)
    .filter(([, note]) => !isEmpty(note))
    .map(([feature]) => Number(feature));
