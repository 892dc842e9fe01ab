import { useEffect, useId, useRef, useState } from 'react';
import { explanationKey } from '../../exchange/explanation.ts';
import { MAX_LABEL, MAX_NOTE, NO_NOTE } from '../../exchange/note.ts';
import { useNotes } from '../../state/notes.ts';
import { usePage } from '../../state/store.ts';
import { formatFixed } from '../shared/format.ts';
import { Info } from '../shared/Info.tsx';
import { Trouble } from '../shared/Trouble.tsx';
import { readableText } from '../shared/visible-text.ts';
import { ImportedFeaturePart } from './ImportedFeaturePart.tsx';
import './notes.css';

/** Own label and note of the open feature, and what others say of it. */
export function FeatureNotes() {
  const feature = usePage((state) => state.view.feature);
  return feature === null ? null : <Notes key={feature} feature={feature} />;
}

function Notes({ feature }: { feature: number }) {
  const id = useId();
  const { loaded, want, write } = useNotes();
  const note = useNotes(({ notes }) => notes[feature]) ?? NO_NOTE;
  const [deleted, setDeleted] = useState<{ label: string; note: string }>();
  useEffect(want, [want]);
  const empty = note.label.text === '' && note.note.text === '';
  const edit = (part: { label?: string; note?: string }): void => {
    setDeleted(undefined);
    write(feature, part);
  };
  return (
    <section className="panel feature-notes" aria-labelledby={`${id}-title`}>
      <header className="panel-head">
        <h2 id={`${id}-title`}>Your label and note</h2>
        <Info label="What labels and notes are">
          <p>
            Yours, of this feature of this dictionary under this model, and kept in this browser only. The
            label stands wherever the feature is named. Escape takes back what was changed since the field was
            entered.
          </p>
          <p>
            “Files” in the page’s head writes all notes to a file and reads files of notes and explanations.
          </p>
        </Info>
        <span className="grow" />
        {deleted ? (
          <button type="button" className="quiet" onClick={() => edit(deleted)}>
            Undo
          </button>
        ) : (
          <button
            type="button"
            className="quiet"
            aria-label={`Delete label and note of feature ${feature}`}
            disabled={empty}
            onClick={() => {
              write(feature, { label: '', note: '' });
              setDeleted({ label: note.label.text, note: note.note.text });
            }}
          >
            Delete
          </button>
        )}
      </header>
      <label htmlFor={`${id}-label`} className="small">
        Label
      </label>
      <Field
        id={`${id}-label`}
        value={note.label.text}
        most={MAX_LABEL}
        placeholder="what it stands for"
        disabled={!loaded}
        onWrite={(label) => edit({ label })}
      />
      <label htmlFor={`${id}-note`} className="small">
        Note
      </label>
      <Field
        id={`${id}-note`}
        value={note.note.text}
        most={MAX_NOTE}
        placeholder="evidence, doubts, to do"
        disabled={!loaded}
        long
        onWrite={(text) => edit({ note: text })}
      />
      <Status empty={empty} deleted={deleted !== undefined} />
      <Explanations feature={feature} />
      <ImportedFeaturePart feature={feature} />
    </section>
  );
}

interface FieldProps {
  id: string;
  value: string;
  most: number;
  placeholder: string;
  disabled: boolean;
  long?: boolean;
  onWrite: (text: string) => void;
}

function Field({ id, value, most, placeholder, disabled, long, onWrite }: FieldProps) {
  /** As it was when the field was entered. */
  const before = useRef(value);
  const common = {
    id,
    value,
    maxLength: most,
    placeholder,
    disabled,
    onFocus: () => {
      before.current = value;
    },
    onChange: (event: { target: { value: string } }) => onWrite(event.target.value),
    onKeyDown: (event: { key: string; preventDefault(): void; stopPropagation(): void }) => {
      if (event.key !== 'Escape' || value === before.current) return;
      event.preventDefault();
      event.stopPropagation();
      onWrite(before.current);
    },
  };
  return long ? (
    <textarea rows={Math.min(12, Math.max(2, value.split('\n').length))} {...common} />
  ) : (
    <input type="text" autoComplete="off" {...common} />
  );
}

/** Whether what was written is kept, and where. */
function Status({ empty, deleted }: { empty: boolean; deleted: boolean }) {
  const { loaded, saving, lasting, failure } = useNotes();
  const said = (): string => {
    if (failure) return '';
    if (!loaded) return 'Opening your notes …';
    if (!lasting) return 'This browser keeps nothing for this page: notes are gone when it is closed.';
    if (saving) return 'Saving …';
    if (deleted) return 'Deleted.';
    return empty ? '' : 'Kept in this browser.';
  };
  return (
    <>
      <p role="status" className={`small${lasting ? '' : ' note'}`}>
        {said()}
      </p>
      <Trouble error={failure} />
    </>
  );
}

const SHOWN = 5;

/** Imported explanations, with where they come from. */
function Explanations({ feature }: { feature: number }) {
  const explanations = useNotes((state) => state.explanations[feature]);
  const drop = useNotes((state) => state.dropExplanation);
  const [all, setAll] = useState(false);
  if (!explanations || explanations.length === 0) return null;
  return (
    <>
      <h3>Explanations from elsewhere</h3>
      <ul className="explanations">
        {explanations.slice(0, all ? undefined : SHOWN).map((explanation) => {
          const { description, author, type, source, scores } = explanation;
          const by = [author, type, source].filter(Boolean).map(readableText).join(' · ');
          const scored = scores.map(
            (score) => `${readableText(score.type) || 'score'} ${formatFixed(score.value)}`,
          );
          return (
            <li key={explanationKey(explanation)}>
              <p>
                <bdi>{readableText(description)}</bdi>
              </p>
              <span className="small">
                {[by, ...scored].filter(Boolean).join(' · ')}{' '}
                <button
                  type="button"
                  className="quiet"
                  aria-label={`Remove the explanation ${readableText(description).slice(0, 60)}`}
                  onClick={() => void drop(feature, explanation)}
                >
                  ×
                </button>
              </span>
            </li>
          );
        })}
      </ul>
      {explanations.length > SHOWN && !all && (
        <button type="button" className="quiet" onClick={() => setAll(true)}>
          and {explanations.length - SHOWN} more
        </button>
      )}
    </>
  );
}
