import type { ReactNode } from 'react';
import { Info } from './Info.tsx';

export interface Fact {
  name: string;
  /** Its definition, with the unit. */
  about: ReactNode;
  value: string;
  unit?: string;
}

/** Figures, each with its definition beside its name. */
export function Facts({ facts }: { facts: readonly Fact[] }) {
  return (
    <dl className="facts">
      {facts.map(({ name, about, value, unit }) => (
        <div key={name}>
          <dt>
            {name} <Info label={`Definition of ${name}`}>{about}</Info>
          </dt>
          <dd>
            <strong data-figure={name}>{value}</strong>
            {unit && <span className="small"> {unit}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
