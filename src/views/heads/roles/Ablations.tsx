import type { HeadRoles } from '../../../engine/protocol.ts';
import { effectTint } from '../../shared/colour.ts';
import { formatCount, formatSigned } from '../../shared/format.ts';
import { Panel } from '../../shared/Panel.tsx';
import { ablatedRoles, largestRise } from './derived.ts';
import { ablationsTable } from './tables.ts';
import { matrixDrawing } from './matrix-drawing.ts';

/** What taking each role away does where each role is strongest. */
export function Ablations({ head }: { head: HeadRoles }) {
  const count = ablatedRoles(head);
  const numbers = Array.from({ length: count }, (_, i) => i);
  const most = largestRise(head);
  const separate = new Set(head.separate.flatMap(([a, b]) => [`${a} ${b}`, `${b} ${a}`]));
  return (
    <Panel
      title="Taking roles away"
      about={
        <>
          <p>
            Row: the tokens where a role is the head’s strongest. Column: the role that is taken out of z, at
            every token. Number: rise of the mean loss there, nats a token. Blue raises, orange lowers.
          </p>
          <p>
            Framed: a role’s own effect. ⊥: the two roles are causally separate: neither reaches a tenth of
            the other’s own effect, and both own effects are above 0 beyond noise. Only roles of at least 8 %
            of explained power are ablated.
          </p>
        </>
      }
      table={() => ablationsTable(head, count)}
      drawing={() => matrixDrawing(head, count, most)}
      images={count > 0}
    >
      {count === 0 ? (
        <p className="quiet-text">
          {head.polysemantic === 'unknown' ? 'Not ablated yet.' : 'No role is large enough to be ablated.'}
        </p>
      ) : (
        // Scrollable parts must be reachable by keyboard.
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <div className="table-scroll" tabIndex={0} role="group" aria-label="Rises of the loss by role">
          <table className="matrix">
            <thead>
              <tr>
                <th scope="col">where strongest</th>
                {numbers.map((q) => (
                  <th key={q} scope="col" title={head.roles[q]!.title}>
                    without {q + 1}
                  </th>
                ))}
                <th scope="col">tokens</th>
              </tr>
            </thead>
            <tbody>
              {numbers.map((r) => (
                <tr key={r}>
                  <th scope="row" title={head.roles[r]!.title}>
                    role {r + 1}
                  </th>
                  {numbers.map((q) => {
                    const rise = head.roles[r]!.riseWithout[q] ?? NaN;
                    return (
                      <td
                        key={q}
                        className={`number${r === q ? ' is-own' : ''}`}
                        style={{ backgroundColor: effectTint(rise / most) }}
                      >
                        {formatSigned(rise, 3)}
                        {separate.has(`${r} ${q}`) && (
                          <>
                            <span aria-hidden="true"> ⊥</span>
                            <span className="visually-hidden"> causally separate</span>
                          </>
                        )}
                      </td>
                    );
                  })}
                  <td className="number">{formatCount(head.roles[r]!.tokens)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}
