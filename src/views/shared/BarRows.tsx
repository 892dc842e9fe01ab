import type { ReactNode } from 'react';

export interface BarRow {
  key: string | number;
  label: ReactNode;
  /** Drawn as a bar from the left; the number beside it is `shown`. */
  value: number;
  shown: string;
  /** Colour of the bar. */
  colour: string;
  note?: string;
}

/** Horizontal bars with their labels and numbers: readable as a list, drawn as SVG for export. */
export function BarRows({ rows, max, label }: { rows: readonly BarRow[]; max: number; label: string }) {
  return (
    <ol className={`bar-rows${rows.some(({ note }) => note) ? ' has-notes' : ''}`} aria-label={label}>
      {rows.map(({ key, label: name, value, shown, colour, note }) => (
        <li key={key}>
          <span className="bar-label">{name}</span>
          <span className="bar-track" aria-hidden="true">
            <span
              className="bar"
              style={{ width: `${max > 0 ? (100 * Math.max(0, value)) / max : 0}%`, backgroundColor: colour }}
            />
          </span>
          <span className="number">{shown}</span>
          {note && <span className="small bar-note">{note}</span>}
        </li>
      ))}
    </ol>
  );
}
