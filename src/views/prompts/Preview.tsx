import { type ReactNode, type RefObject, useId, useLayoutEffect, useRef } from 'react';
import type { CorpusPreview } from '../../corpus/protocol.ts';
import { useCorpora } from '../../state/corpora.ts';
import { formatBytes, formatCount } from '../shared/format.ts';
import { Trouble } from '../shared/Trouble.tsx';
import { readableText } from '../shared/visible-text.ts';

/** UTF-16 units of a text that are drawn. */
const SHOWN = 600;

/** How a file would be read, before anything of it is kept. */
export function Preview() {
  const { draft, failure, change, discard, add } = useCorpora();
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  useModal(dialog);
  if (!draft?.preview) return null;
  const { request, preview, reading } = draft;
  const { format, formats, encoding, encodings, fields, field, header, items, skipped, notes } = preview;
  const size = typeof request.source === 'string' ? undefined : request.source.size;
  return (
    <dialog
      ref={dialog}
      className="dialog corpus-preview"
      aria-labelledby={title}
      aria-busy={reading}
      onCancel={(event) => {
        event.preventDefault();
        discard();
      }}
    >
      <h2 id={title}>
        {request.name}
        {size !== undefined && <span className="small"> {formatBytes(size)}</span>}
      </h2>
      <div className="how-read">
        <Choice name="Format" value={format} onChange={(chosen) => void change({ format: chosen })}>
          {formats.map((each) => (
            <option key={each.id} value={each.id}>
              {each.title}
            </option>
          ))}
        </Choice>
        {encodings.length > 0 && (
          <Choice
            name="Encoding"
            value={encoding}
            onChange={(chosen) => void change({ encoding: chosen, format })}
          >
            {encodings.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </Choice>
        )}
        {fields.length > 0 && (
          <Choice name="Text is in" value={field ?? ''} onChange={(chosen) => void change({ field: chosen })}>
            {!fields.some(({ name }) => name === field) && (
              <option value={field ?? ''}>{field ?? 'none'}</option>
            )}
            {fields.map(({ name, sample }) => (
              <option key={name} value={name}>
                {sample === '' ? name : `${name}: ${sample.slice(0, 40)}`}
              </option>
            ))}
          </Choice>
        )}
        {header !== undefined && (
          <label className="tick-box">
            <input
              type="checkbox"
              checked={header}
              onChange={(event) => void change({ header: event.target.checked, field: undefined })}
            />
            The first row names the columns
          </label>
        )}
      </div>
      <Trouble error={failure} />
      {notes.length > 0 && (
        <ul className="notes small">
          {notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
      <Items preview={preview} />
      <Skipped rows={skipped} title={`${formatCount(skipped.length)} of the first rows would be skipped`} />
      <p role="status" className="visually-hidden">
        {reading ? 'Reading …' : `${items.length} texts shown`}
      </p>
      <p className="row dialog-foot">
        <button
          type="button"
          className="primary"
          disabled={reading || items.length === 0 || failure !== undefined}
          onClick={() => void add()}
        >
          Add these texts
        </button>
        <button type="button" onClick={discard}>
          Do not add
        </button>
      </p>
    </dialog>
  );
}

/** Shows a dialog while it is drawn. Closed before it is taken away, it gives the focus back. */
export function useModal(dialog: RefObject<HTMLDialogElement | null>): void {
  useLayoutEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, [dialog]);
}

interface ChoiceProps {
  name: string;
  value: string;
  onChange: (value: string) => void;
  children: ReactNode;
}

function Choice({ name, value, onChange, children }: ChoiceProps) {
  const id = useId();
  return (
    <span className="named-choice">
      <label htmlFor={id} className="small">
        {name}
      </label>
      <select id={id} value={value} onChange={(event) => onChange(event.target.value)}>
        {children}
      </select>
    </span>
  );
}

function Items({ preview: { items, metadata } }: { preview: CorpusPreview }) {
  if (items.length === 0) return <p className="note">No text is found in its first rows, read like this.</p>;
  return (
    // Scrollable parts must be reachable by keyboard.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="first-items" tabIndex={0} role="group" aria-label="Its first texts">
      <ol>
        {items.map((item, i) => (
          // Items of one preview never move.
          // oxlint-disable-next-line react/no-array-index-key
          <li key={i}>
            <ItemText text={item.text} />
            <Metadata names={metadata} values={item.metadata} most={6} />
          </li>
        ))}
      </ol>
    </div>
  );
}

/** A text as it is, with what would not be seen made visible; a long one begins. */
export function ItemText({ text, most = SHOWN }: { text: string; most?: number }) {
  const shown = text.length > most ? text.slice(0, most) : text;
  return (
    <p className="item-text" dir="auto">
      {shown.split('\n').map(readableText).join('↵\n')}
      {shown !== text && <span className="small"> … {formatCount(text.length)} characters</span>}
    </p>
  );
}

/** What else a row says. */
export function Metadata({
  names,
  values,
  most,
}: {
  names: readonly string[];
  values: readonly string[];
  most: number;
}) {
  const told = names.flatMap((name, i) => (values[i] ? [{ name, value: values[i] }] : []));
  if (told.length === 0) return null;
  return (
    <p className="small item-metadata">
      {told.slice(0, most).map(({ name, value }) => (
        <span key={name}>
          {readableText(name)}: <strong>{readableText(value.slice(0, 80))}</strong>
        </span>
      ))}
      {told.length > most && <span>and {told.length - most} more</span>}
    </p>
  );
}

interface SkippedProps {
  rows: readonly { line: number; why: string }[];
  title: string;
}

/** Rows that cannot be used, and why. */
export function Skipped({ rows, title }: SkippedProps) {
  if (rows.length === 0) return null;
  return (
    <details>
      <summary className="note">{title}</summary>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <ul className="skipped small" tabIndex={0} aria-label="Skipped rows">
        {rows.map(({ line, why }) => (
          <li key={line}>
            row {formatCount(line)}: {readableText(why)}
          </li>
        ))}
      </ul>
    </details>
  );
}
