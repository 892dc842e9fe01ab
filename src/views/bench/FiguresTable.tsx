import type { ReactNode } from 'react';
import { Info } from '../shared/Info.tsx';

interface FiguresTableProps {
  label: string;
  /** Head of the column that names the rows. */
  first: string;
  /** The other columns, each with its definition; of numbers, unless of `words`. */
  heads: readonly { name: string; about: ReactNode; words?: boolean }[];
  /** Ends the name of each definition, where another table has columns of the same names. */
  of?: string;
  /** Rows. */
  children: ReactNode;
}

/** Figures in columns that say what they are; scrolls sideways where there is no room. */
export function FiguresTable({ label, first, heads, of = '', children }: FiguresTableProps) {
  return (
    // Scrollable parts must be reachable by keyboard.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="table-scroll" tabIndex={0} role="group" aria-label={label}>
      <table className="speed-times">
        <thead>
          <tr>
            <th scope="col">{first}</th>
            {heads.map(({ name, about, words }) => (
              <th key={name} scope="col" className={words ? undefined : 'number'}>
                {name} <Info label={`Definition of ${name}${of}`}>{about}</Info>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
