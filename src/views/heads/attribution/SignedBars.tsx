import type { ReactNode } from 'react';
import { mark } from '../../shared/colour.ts';
import { type DrawnBar } from '../../shared/bars-drawing.ts';
import { signed } from './derive.ts';

export interface SignedBar {
  key: string | number;
  /** What it is, for files and where there is no `content`. */
  label: string;
  content?: ReactNode;
  value: number;
  note?: string;
}

export const signColour = (value: number): string => (value < 0 ? mark.negative : mark.positive);

/** Bars that grow both ways from one line at zero; readable as a list. */
export function SignedBars({ bars, label }: { bars: readonly SignedBar[]; label: string }) {
  const low = Math.min(0, ...bars.map(({ value }) => value));
  const high = Math.max(0, ...bars.map(({ value }) => value));
  const range = Math.max(high - low, 1e-30);
  const percent = (value: number): string => `${(100 * value) / range}%`;
  return (
    <ol
      className={`bar-rows signed-bars${bars.some(({ note }) => note) ? ' has-notes' : ''}`}
      aria-label={label}
    >
      {bars.map(({ key, label: name, content, value, note }) => (
        <li key={key}>
          <span className="bar-label">{content ?? name}</span>
          <span className="bar-track" aria-hidden="true">
            <span
              className="bar"
              style={{
                left: percent(Math.min(value, 0) - low),
                width: percent(Math.abs(value)),
                backgroundColor: signColour(value),
              }}
            />
            {low < 0 && <span className="bar-zero" style={{ left: percent(-low) }} />}
          </span>
          <span className="number">{signed(value)}</span>
          {note && <span className="small bar-note">{note}</span>}
        </li>
      ))}
    </ol>
  );
}

export const drawnBars = (bars: readonly SignedBar[]): DrawnBar[] =>
  bars.map(({ label, value }) => ({ label, value, shown: signed(value), colour: signColour(value) }));
