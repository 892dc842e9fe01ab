import { type ReactNode, useId } from 'react';
import { Info } from '../shared/Info.tsx';

interface SectionProps {
  title: string;
  /** Definitions, units, and where things go. */
  about?: ReactNode;
  children: ReactNode;
}

/** A titled part of the view without figures to export. */
export function Section({ title, about, children }: SectionProps) {
  const heading = useId();
  return (
    <section className="panel" aria-labelledby={heading}>
      <header className="panel-head">
        <h2 id={heading}>{title}</h2>
        {about && <Info label={`About “${title}”`}>{about}</Info>}
      </header>
      <div className="panel-body">{children}</div>
    </section>
  );
}

export interface Fact {
  name: string;
  value: ReactNode;
}

/** Names and values, side by side. Unknown values are left out. */
export function Facts({ facts }: { facts: readonly Fact[] }) {
  return (
    <dl className="facts">
      {facts
        .filter(({ value }) => value !== undefined && value !== '')
        .map(({ name, value }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}
